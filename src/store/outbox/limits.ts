/** What the store of queued pushes puts up with. */
export interface OutboxLimits {
  /**
   * Pushes of one registration; beyond it the oldest go. A user who comes back to a phone with twenty notifications looks
   * into the app anyway. What was leased when an earlier process ended a provider may have taken: as many of it stay beside
   * the others, so that it displaces none. Default 20.
   */
  readonly perRegistration: number;
  /** Pushes in all; beyond it new ones are refused. Nearly an hour of an outage at 300 a second. Default 1,000,000. */
  readonly pushes: number;
  /**
   * Bytes in all, as the file holds them; beyond it new ones are refused. A million pushes with the 1,200 characters of
   * ciphertext that are usual. Default 2.5 GB.
   */
  readonly bytes: number;
  /**
   * The part of both that the pushes of one app may take, so that one provider's outage leaves room for what other apps
   * are queued. Default nine tenths.
   */
  readonly ofOneApp: number;
  /**
   * Operations waiting for the thread that writes; beyond it new pushes are refused. About a second of its work, at most
   * 50 MB. Default 10,000.
   */
  readonly waiting: number;
  /** Pushes leased at a time over all apps; beyond it leases are empty. Far above what is in flight. Default 5,000. */
  readonly leased: number;
  /** Pages of the file, 4 KiB each: a disk that is full earlier than it is. Default: as many as the disk takes. */
  readonly pages?: number;
}

export const outboxLimits: OutboxLimits = {
  perRegistration: 20,
  pushes: 1_000_000,
  bytes: 2_500_000_000,
  ofOneApp: 0.9,
  waiting: 10_000,
  leased: 5_000,
};

/** How long it waits for what. Milliseconds. */
export interface OutboxTiming {
  /** For a process that has the file open (an old Sealpost, a shell). The thread that writes waits, nobody else. Default 2 s. */
  readonly lockWaitMs: number;
  /** For the commit of one push; afterwards it counts as failed. The XMPP server is answered within 20 s. Default 5 s. */
  readonly enqueueWithinMs: number;
  /**
   * The longest pause of a rescheduled push. Due times further away count as due: without that, a wall clock that was set
   * back would hold everything for as long. Default 1 h.
   */
  readonly longestPauseMs: number;
  /** After a settling or postponing that could not be written, and until an empty lease is worth repeating. Default 1 s. */
  readonly retryMs: number;
  /** For the last writes when closing: what is not written by then is sent once more. Default 1 s. */
  readonly closeWithinMs: number;
}

export const outboxTiming: OutboxTiming = {
  lockWaitMs: 2_000,
  enqueueWithinMs: 5_000,
  longestPauseMs: 3_600_000,
  retryMs: 1_000,
  closeWithinMs: 1_000,
};
