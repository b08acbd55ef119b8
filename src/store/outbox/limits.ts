/** Limits of the outbox. */
export interface OutboxLimits {
  /**
   * Pushes of one registration; beyond it the oldest are dropped. A user who returns to twenty notifications opens the
   * app anyway. Pushes that a process left leased when it died may have reached the provider, so as many of them are
   * kept in addition and displace none. Default 20.
   */
  readonly perRegistration: number;
  /** Pushes in total; beyond it new ones are refused. Nearly an hour of outage at 300 a second. Default 1,000,000. */
  readonly pushes: number;
  /**
   * Bytes in total, as stored in the file; beyond it new pushes are refused. Enough for a million pushes with the usual
   * 1,200 characters of ciphertext. Default 2.5 GB.
   */
  readonly bytes: number;
  /** Part of `pushes` and `bytes` for one app, so that one provider's outage leaves room. Default nine tenths. */
  readonly ofOneApp: number;
  /** Part of `pushes` for one publisher's domain, so that it leaves room for others. Default one half. */
  readonly ofOneDomain: number;
  /** Pushes that wait to be written; beyond it new ones are refused. A second of work, 50 MB. Default 10,000. */
  readonly waiting: number;
  /** Pushes leased by this process over all apps; beyond it leases are empty. Far more than are in flight. Default 5,000. */
  readonly leased: number;
}

export const outboxLimits: OutboxLimits = {
  perRegistration: 20,
  pushes: 1_000_000,
  bytes: 2_500_000_000,
  ofOneApp: 0.9,
  ofOneDomain: 0.5,
  waiting: 10_000,
  leased: 5_000,
};

/** Time limits of the outbox, in milliseconds. */
export interface OutboxTiming {
  /** How long a lease lasts: longer than one push takes from look-up to outcome. Default 20 s. */
  readonly leaseMs: number;
  /** Wait for the commit of one push, which then counts as failed. Servers are answered within 20 s. Default 5 s. */
  readonly enqueueWithinMs: number;
  /**
   * Longest pause of a rescheduled push. A push that is due later than that counts as due, since a wall clock that was
   * set back would delay it by as much. Default 1 h.
   */
  readonly longestPauseMs: number;
  /** Pause before a failed change is written again, or an empty lease repeated. Default 1 s. */
  readonly retryMs: number;
  /** For the last writes on closing. Pushes whose completion is not written by then are sent once more. Default 1 s. */
  readonly closeWithinMs: number;
}

export const outboxTiming: OutboxTiming = {
  leaseMs: 20_000,
  enqueueWithinMs: 5_000,
  longestPauseMs: 3_600_000,
  retryMs: 1_000,
  closeWithinMs: 1_000,
};
