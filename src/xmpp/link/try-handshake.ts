/** One handshake of XEP-0114, to see whether the XMPP server accepts the component. */
import type { DisconnectReason } from '../stream/disconnect-reasons.ts';
import type { LinkOptions } from './link.ts';
import { openSession } from './session.ts';
import { LINK_LIMITS, LINK_TIMING } from '../stream/limits.ts';

/** Milliseconds to answer what the server sent meanwhile, and to end the stream. */
const endWithinMs = 2_000;

/** `accepted`, or why not. */
export type HandshakeResult =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly reason: DisconnectReason; readonly detail?: string };

/**
 * Connects, authenticates and ends the stream at once. What the server sends in between is answered with "not now", so
 * that it keeps its registrations. Resolves within the time-outs of the link.
 */
export function tryHandshake(options: Omit<LinkOptions, 'handle' | 'random'>): Promise<HandshakeResult> {
  return new Promise((resolve) => {
    const session = openSession(
      {
        ...options,
        ca: options.ca,
        handle: () => ({ kind: 'error', error: 'internal-server-error' }),
        limits: { ...LINK_LIMITS, ...options.limits },
        timing: { ...LINK_TIMING, ...options.timing },
      },
      {
        online: () => void session.drain(endWithinMs).then(() => resolve({ kind: 'accepted' })),
        lost: (reason, detail) => resolve({ kind: 'refused', reason, ...(detail !== undefined && { detail }) }),
      },
    );
  });
}
