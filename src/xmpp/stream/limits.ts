/** What one link puts up with. Each default has its reason; none is a matter of taste. */
export interface LinkLimits {
  /**
   * Bytes of one stanza; a longer one is skipped. The largest sealed publish that any server sends is below 10 KiB, a
   * summary with a whole message body below 20 KiB. Default 64 KiB.
   */
  readonly stanzaBytes: number;
  /** Levels of elements in a stanza, itself included. The deepest that servers send has 8. Default 32. */
  readonly depth: number;
  /** Attributes of one element, namespace declarations included. Servers send up to 6. Default 32. */
  readonly attributes: number;
  /** Elements and texts in a stanza. Servers send up to 40. Default 1,024. */
  readonly nodes: number;
  /**
   * IQs being handled at a time; the socket is paused while there are as many. Four times what one app may have on its way
   * by default, so that apps whose provider hangs leave room for the others. With 64 KiB each that is 128 MB at worst, with
   * the 2 KiB of a usual publish 4 MB. Default 2,000.
   */
  readonly inFlight: number;
  /** Bytes of answers that the server has not taken off us; the socket is paused while there are more. Default 1 MiB. */
  readonly unsentBytes: number;
}

export const LINK_LIMITS: LinkLimits = {
  stanzaBytes: 65_536,
  depth: 32,
  attributes: 32,
  nodes: 1_024,
  inFlight: 2_000,
  unsentBytes: 1_048_576,
};

/** How long one link waits for what. Milliseconds. */
export interface LinkTiming {
  /** TCP connection and TLS handshake; a server next door needs milliseconds. Default 5 s. */
  readonly connectMs: number;
  /** From the connection to the server's stream header. Default 5 s. */
  readonly headerMs: number;
  /** From our handshake to its acknowledgement; a loaded server may take a second. Default 5 s. */
  readonly handshakeMs: number;
  /** Nothing came for this long: ping. Short enough that a dead link costs seconds of notifications. Default 15 s. */
  readonly idleMs: number;
  /**
   * As `idleMs`, but when something that we wrote since then may not have arrived. Default 5 s.
   */
  readonly unconfirmedMs: number;
  /**
   * The link is given up when nothing at all came for this long after the first ping (which is repeated every second
   * until then). A hung server is therefore noticed after at most `idleMs + pongMs`. Default 10 s.
   */
  readonly pongMs: number;
  /**
   * An IQ that is not answered by then gets `wait` and `internal-server-error`. Delivery answers in 20 s, ejabberd and
   * MongooseIM forget after 32 s. Default 25 s.
   */
  readonly answerMs: number;
  /** How long a stream that was ended may stay open. Default 2 s. */
  readonly closeMs: number;
  /** A connection that held for this long was a good one: the next back-off starts anew. Default 10 s. */
  readonly stableMs: number;
  /**
   * Back-off after a lost or failed connection: a random part of `retryMs`, doubled each time up to `retryMaxMs`. The
   * maximum is low, for a server that was restarted is to have its link back within 5 s. Defaults 500 ms and 4 s.
   */
  readonly retryMs: number;
  readonly retryMaxMs: number;
  /**
   * The same after a refusal that trying again soon cannot mend (`conflict`, `not-authorized`, `host-unknown`, …), but
   * never less than half of it: two processes that both want one domain must not throw each other out in turn.
   * Defaults 30 s and 5 min.
   */
  readonly refusedMs: number;
  readonly refusedMaxMs: number;
}

export const LINK_TIMING: LinkTiming = {
  connectMs: 5_000,
  headerMs: 5_000,
  handshakeMs: 5_000,
  idleMs: 15_000,
  unconfirmedMs: 5_000,
  pongMs: 10_000,
  answerMs: 25_000,
  closeMs: 2_000,
  stableMs: 10_000,
  retryMs: 500,
  retryMaxMs: 4_000,
  refusedMs: 30_000,
  refusedMaxMs: 300_000,
};
