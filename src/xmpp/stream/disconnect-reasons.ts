/** Reasons why a connection to the XMPP server (XEP-0114) ended or failed, with hints and back-off. */
import { backoffMs } from '../../time/backoff.ts';
import type { Random } from '../../time/clock.ts';
import type { LinkTiming } from './limits.ts';

interface DisconnectRow {
  /** Retrying soon cannot help, since something has to be changed first. */
  readonly refused?: true;
  readonly hint?: string;
}

/** Every reason, by its metric label. From `conflict` on they come from stream errors (RFC 6120 section 4.9.3). */
export const DISCONNECT_REASONS = {
  'connect-failed': { hint: 'is the XMPP server running? Start it; and is `service` its component port?' },
  'connect-timeout': { hint: 'is the XMPP server reachable at `service`?' },
  'tls-failed': { hint: 'does `service` speak TLS from the first byte, and is `ca` the authority of its certificate?' },
  'header-timeout': { hint: 'is `service` the port for external components (XEP-0114)?' },
  'wrong-port': {
    refused: true,
    hint: '`service` is the port for clients or for other servers; name the one for external components (Prosody: component_ports, ejabberd: ejabberd_service)',
  },
  'handshake-timeout': { hint: 'the XMPP server does not finish the handshake; look into its log' },
  closed: {},
  reset: {},
  'stream-ended': {},
  'ping-timeout': { hint: 'the XMPP server answers nothing; is it stopped or overloaded?' },
  stalled: { hint: 'the XMPP server does not read; is it stopped or overloaded?' },
  malformed: { hint: 'the data received is not an XMPP stream; is `service` right, does a proxy alter it?' },
  conflict: {
    refused: true,
    hint: 'another process is connected for this domain; this one stands by. If that is not meant, stop one of the two, or give each a domain of its own',
  },
  'not-authorized': {
    refused: true,
    hint: 'the secret is not the one that the XMPP server has for this domain: put the same one into both configs, and restart',
  },
  'host-unknown': {
    refused: true,
    hint: 'the XMPP server has no component of this domain in its config: add it there',
  },
  'see-other-host': { refused: true, hint: 'the XMPP server redirects to another host, which is not followed' },
  'policy-violation': { hint: 'the XMPP server does not accept what it was sent; look into its log' },
  'system-shutdown': {},
  'stream-error': { hint: 'the XMPP server ended the stream with an error; look into its log' },
} as const satisfies Record<string, DisconnectRow>;

/** Why a connection ended. */
export type DisconnectReason = keyof typeof DISCONNECT_REASONS;

/** What an operator should do about it; undefined if there is nothing to do. */
export function disconnectHint(reason: DisconnectReason): string | undefined {
  const row: DisconnectRow = DISCONNECT_REASONS[reason];
  return row.hint;
}

/** Whether a retry only helps after a change at the server or here. */
export function isRefusal(reason: DisconnectReason): boolean {
  const row: DisconnectRow = DISCONNECT_REASONS[reason];
  return row.refused === true;
}

const STREAM_ERRORS: Readonly<Record<string, DisconnectReason>> = {
  conflict: 'conflict',
  'not-authorized': 'not-authorized',
  'host-unknown': 'host-unknown',
  'host-gone': 'host-unknown',
  'see-other-host': 'see-other-host',
  'policy-violation': 'policy-violation',
  'system-shutdown': 'system-shutdown',
};

/** The reason for the condition of a stream error. */
export function streamErrorReason(condition: string | undefined): DisconnectReason {
  if (condition === undefined || !Object.hasOwn(STREAM_ERRORS, condition)) return 'stream-error';
  return STREAM_ERRORS[condition] ?? 'stream-error';
}

/**
 * Milliseconds until the next attempt, with full jitter, so that processes that lost the same server do not return all
 * at once. After a refusal it is at least half of the interval, so that two processes do not evict each other in turns.
 * @param failures failed attempts in a row so far
 */
export function retryDelay(reason: DisconnectReason, failures: number, timing: LinkTiming, random: Random): number {
  const attempt = failures + 1;
  if (!isRefusal(reason)) return backoffMs({ attempt, baseMs: timing.retryMs, capMs: timing.retryMaxMs, random });
  const latterHalf = () => 0.5 + random() / 2;
  return backoffMs({ attempt, baseMs: timing.refusedMs, capMs: timing.refusedMaxMs, random: latterHalf });
}
