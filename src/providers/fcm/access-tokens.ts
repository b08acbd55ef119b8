/** Google's access tokens for FCM: developers.google.com/identity/protocols/oauth2/service-account. */
import type { Clock, Random } from '../../time/clock.ts';
import { errorCode } from '../../telemetry/error-code.ts';
import { type Log, throttle } from '../../telemetry/log.ts';
import { ofOauthServer } from '../unconnected.ts';
import { connectionFailureOf, isUnconnected, type Unconnected } from '../transport/connection-failure.ts';

/** An access token and its lifetime. */
export interface AccessToken {
  readonly token: string;
  readonly lifeMs: number;
}

/** Why there is no token: Google refused it (`refused`, our account is wrong), or Google could not be reached. */
export interface NoToken {
  readonly refused: boolean;
  /** Why no connection could be made at all. */
  readonly unconnected?: Unconnected;
}

/** Keeps one access token and renews it early. Only one renewal runs at a time. */
export interface AccessTokens {
  /** The token to send now, at once if the present one is still valid. Never rejects. */
  current(): string | NoToken | Promise<string | NoToken>;
  /** FCM accepted the present token. */
  confirm(): void;
  /** FCM refused this token (401); it is not handed out again. */
  discard(token: string): void;
}

/**
 * A token is renewed this many milliseconds before its end, or in the last quarter of a shorter life. The old token is
 * sent until the new one arrives. (The Google library returns its cached token until 5 minutes before the end.)
 */
const renewBeforeEndMs = 290_000;

/** Milliseconds after which a renewal counts as failed; the Google library has no such limit. */
const renewWithinMs = 10_000;

/** Pauses after failed renewals in milliseconds, doubled each time, with full jitter. */
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

/** Milliseconds between two log lines about failures. */
const logEveryMs = 60_000;

export interface AccessTokensOptions {
  /**
   * Asks Google for a token. May reject; an error with a response of status 4xx is a refusal. After the signal the
   * result is ignored, and a new call must not wait for the old request.
   */
  readonly fetchToken: (signal: AbortSignal) => Promise<AccessToken>;
  readonly app: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Starts without a token; the first call asks for one. */
export function createAccessTokens({ fetchToken, app, clock, random, log }: AccessTokensOptions): AccessTokens {
  let held: { token: string; endsAtMs: number; dueAtMs: number } | undefined;
  let renewal: Promise<string | NoToken> | undefined;
  let failures = 0;
  let discarded = 0;
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  let latestFailure: NoToken = { refused: false };
  const mayLog = throttle(logEveryMs, clock);

  function pause(failure: NoToken): void {
    failures += 1;
    const ceilingMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures, 16));
    pausedUntilMs = clock.monotonic() + random() * ceilingMs;
    latestFailure = failure;
  }

  function renew(): Promise<string | NoToken> {
    renewal ??= fetchWithin(renewWithinMs).finally(() => (renewal = undefined));
    return renewal;
  }

  async function fetchWithin(ms: number): Promise<string | NoToken> {
    let cancel = () => {};
    const abort = new AbortController();
    const tooLate = new Promise<never>((_resolve, reject) => {
      cancel = clock.after(ms, () => {
        reject(new RenewalTimeout());
        abort.abort();
      });
    });
    try {
      const { token, lifeMs } = await Promise.race([fetchToken(abort.signal), tooLate]);
      const endsAtMs = clock.monotonic() + lifeMs;
      held = { token, endsAtMs, dueAtMs: endsAtMs - Math.min(renewBeforeEndMs, lifeMs / 4) };
      failures = 0;
      return token;
    } catch (error) {
      pause(noTokenFor(error));
      reportFailure(error);
      return latestFailure;
    } finally {
      cancel();
    }
  }

  function reportFailure(error: unknown): void {
    if (!mayLog()) return;
    const hint = latestFailure.refused
      ? 'check the service account file: its key may have been revoked; and the clock of this machine'
      : 'the OAuth server could not be reached; the present token is used until it expires';
    log.warn({ app, reason: errorCode(error), hint }, 'no new access token for FCM');
  }

  return {
    current() {
      const now = clock.monotonic();
      const rested = now >= pausedUntilMs;
      if (held && now < held.endsAtMs) {
        if (now >= held.dueAtMs && rested) void renew();
        return held.token;
      }
      return rested || renewal ? renew() : latestFailure;
    },
    confirm() {
      discarded = 0;
    },
    discard(token) {
      if (held?.token !== token) return;
      held = undefined;
      discarded += 1;
      // A single refused token may have been revoked; if the next one is refused too, the account is not accepted.
      failures = Math.max(failures, discarded - 1);
      if (discarded > 1) pause({ refused: true });
    },
  };
}

class RenewalTimeout extends Error {
  override readonly name = 'RenewalTimeout';
}

/** A word for the result of a push that has no access token. */
export function reasonWithoutToken({ refused, unconnected }: NoToken): string {
  if (refused) return 'oauth-refused';
  return unconnected === undefined ? 'oauth-unavailable' : ofOauthServer(unconnected);
}

/** Why an attempt to get a token failed. */
export function noTokenFor(error: unknown): NoToken {
  if (isRefusal(error)) return { refused: true };
  const failure = connectionFailureOf(error);
  return { refused: false, ...(isUnconnected(failure) && { unconnected: failure }) };
}

/**
 * Whether our account is wrong, rather than the connection to Google. Decides by HTTP status and by codes of system and
 * library, never by a message. An error with neither comes from the library and concerns the file.
 */
function isRefusal(error: unknown): boolean {
  if (error instanceof RenewalTimeout) return false;
  const { response, code, syscall } = error as { response?: { status?: unknown }; code?: unknown; syscall?: unknown };
  const status = response?.status;
  if (typeof status === 'number') return status >= 400 && status < 500 && status !== 429 && status !== 408;
  return typeof code !== 'string' || syscall === 'open';
}
