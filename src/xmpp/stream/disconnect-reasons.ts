/** Why a connection to the XMPP server ended or never came about, and what follows from it. */
import { backoffMs } from '../../time/backoff.ts';
import type { Random } from '../../time/clock.ts';
import type { LinkTiming } from './limits.ts';

interface Loss {
  /** Trying again at once cannot help: somebody has to change something. */
  readonly refused?: true;
  readonly hint?: string;
}

/** Every reason; also the values of a metric label. The lower part are stream errors (RFC 6120 section 4.9.3). */
export const LOSSES = {
  'connect-failed': { hint: 'is the XMPP server running, and is `service` its component port?' },
  'connect-timeout': { hint: 'is the XMPP server reachable at `service`?' },
  'tls-failed': { hint: 'does `service` speak TLS from the first byte, and is `ca` the authority of its certificate?' },
  'header-timeout': { hint: 'is `service` the port for external components (XEP-0114)?' },
  'handshake-timeout': { hint: 'the XMPP server does not finish the handshake; look into its log' },
  closed: {},
  reset: {},
  'stream-ended': {},
  'ping-timeout': { hint: 'the XMPP server answers nothing; is it stopped or overloaded?' },
  stalled: { hint: 'the XMPP server does not read; is it stopped or overloaded?' },
  malformed: { hint: 'what came is no XMPP stream; is `service` right, does a proxy meddle with it?' },
  conflict: { refused: true, hint: 'another process is connected for this domain; this one stands by' },
  'not-authorized': { refused: true, hint: 'the secret is not the one that the XMPP server has for this domain' },
  'host-unknown': { refused: true, hint: 'the XMPP server has no component of this domain in its config' },
  'see-other-host': { refused: true, hint: 'the XMPP server names another host, which is not followed' },
  'policy-violation': { hint: 'the XMPP server does not accept what it was sent; look into its log' },
  'system-shutdown': {},
  'stream-error': { hint: 'the XMPP server ended the stream with an error; look into its log' },
} as const satisfies Record<string, Loss>;

export type LossReason = keyof typeof LOSSES;

/** What an operator should do about it, if anything. */
export function lossHint(reason: LossReason): string | undefined {
  const loss: Loss = LOSSES[reason];
  return loss.hint;
}

/** Whether only a change at the server's end or ours can mend it. */
export function isRefusal(reason: LossReason): boolean {
  const loss: Loss = LOSSES[reason];
  return loss.refused === true;
}

const STREAM_ERRORS: Readonly<Record<string, LossReason>> = {
  conflict: 'conflict',
  'not-authorized': 'not-authorized',
  'host-unknown': 'host-unknown',
  'host-gone': 'host-unknown',
  'see-other-host': 'see-other-host',
  'policy-violation': 'policy-violation',
  'system-shutdown': 'system-shutdown',
};

/** Reason for a stream error's condition. */
export function streamErrorReason(condition: string | undefined): LossReason {
  if (condition === undefined || !Object.hasOwn(STREAM_ERRORS, condition)) return 'stream-error';
  return STREAM_ERRORS[condition] ?? 'stream-error';
}

/**
 * Milliseconds until the next attempt: full jitter, so that processes that lost the same server do not come back in
 * step; after a refusal at least half of the interval, so that two that want the same domain do not take turns.
 * @param failures how many attempts in a row have come to nothing before
 */
export function retryDelay(reason: LossReason, failures: number, timing: LinkTiming, random: Random): number {
  const attempt = failures + 1;
  if (!isRefusal(reason)) return backoffMs({ attempt, baseMs: timing.retryMs, capMs: timing.retryMaxMs, random });
  const latterHalf = () => 0.5 + random() / 2;
  return backoffMs({ attempt, baseMs: timing.refusedMs, capMs: timing.refusedMaxMs, random: latterHalf });
}
