/** Google's access tokens: developers.google.com/identity/protocols/oauth2/service-account. */
import type { Clock, Random } from '../../time/clock.ts';
import { errorCode, type Log, throttle } from '../../telemetry/log.ts';

export interface AccessToken {
  readonly token: string;
  readonly lifeMs: number;
}

/** Why there is no token: `refused` by Google (our account is wrong), or nobody could be asked. */
export type NoToken = { readonly refused: boolean };

/** Keeps one token, renewed early and singly. */
export interface AccessTokens {
  /** The token to send now, at once unless there is none that is still good. Never rejects. */
  current(): string | NoToken | Promise<string | NoToken>;
  /** FCM accepted this one. */
  confirm(): void;
  /** FCM did not accept this one (401): it is not handed out again. */
  discard(token: string): void;
}

/**
 * Milliseconds before its end from which a token is renewed, or the last quarter of a short life; until the new one is
 * there the old one is sent on. The Google library would hand out its old one up to 5 minutes before the end.
 */
const renewBeforeEndMs = 290_000;

/** A renewal that takes longer, milliseconds, counts as failed: the Google library has no limit of its own. */
const renewWithinMs = 10_000;

/** Pauses after failed renewals, milliseconds, doubled each time and with full jitter. */
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

/** Between two log lines about failures, milliseconds. */
const complainEveryMs = 60_000;

export interface AccessTokensOptions {
  /**
   * Asks Google for a token. May reject; an error with a response of status 4xx is a refusal. After
   * the signal nobody waits for it any more, and the next call must not wait for the same either.
   */
  readonly fetchToken: (signal: AbortSignal) => Promise<AccessToken>;
  readonly app: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export function createAccessTokens({ fetchToken, app, clock, random, log }: AccessTokensOptions): AccessTokens {
  let held: { token: string; endsAtMs: number; dueAtMs: number } | undefined;
  let renewal: Promise<string | NoToken> | undefined;
  let failures = 0;
  let discarded = 0;
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  let latestFailure: NoToken = { refused: false };
  const mayComplain = throttle(complainEveryMs, clock);

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
      pause({ refused: isRefusal(error) });
      complain(error);
      return latestFailure;
    } finally {
      cancel();
    }
  }

  function complain(error: unknown): void {
    if (!mayComplain()) return;
    const hint = latestFailure.refused
      ? 'check the service account file: its key may have been revoked; and the clock of this machine'
      : 'the OAuth server could not be reached; the present token is used as long as it lasts';
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
      // One may have been revoked. The next one too: it is the account that is not accepted.
      failures = Math.max(failures, discarded - 1);
      if (discarded > 1) pause({ refused: true });
    },
  };
}

class RenewalTimeout extends Error {
  override readonly name = 'RenewalTimeout';
}

/**
 * Whether it is our account that is wrong, rather than the way to Google: told from the HTTP status and the codes of
 * system and library, never from a message. What has neither is the library's complaint about the file.
 */
function isRefusal(error: unknown): boolean {
  if (error instanceof RenewalTimeout) return false;
  const { response, code, syscall } = error as { response?: { status?: unknown }; code?: unknown; syscall?: unknown };
  const status = response?.status;
  if (typeof status === 'number') return status >= 400 && status < 500 && status !== 429 && status !== 408;
  return typeof code !== 'string' || syscall === 'open';
}
