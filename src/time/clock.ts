/**
 * Time as a parameter, so that tests neither sleep nor flake. Wall time may step; use `monotonic` for durations and
 * deadlines, `now` for what is compared with other machines (expirations, JWT ages, dates in the database).
 */
export interface Clock {
  /** Wall time, milliseconds since 1970. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number;
  /** Calls `run` once after `delayMs`; the returned function cancels it. The timer does not keep the process alive. */
  after(delayMs: number, run: () => void): () => void;
}

/** A number in [0, 1), like `Math.random`. */
export type Random = () => number;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/**
 * The same clock, whose wall time goes on at its own pace where the other's was set back: for what waits until a time or
 * ends at one. Set forward it follows.
 */
export function neverBack(clock: Clock): Clock {
  let aheadMs = -Infinity;
  return {
    now() {
      const monotonicMs = clock.monotonic();
      aheadMs = Math.max(aheadMs, clock.now() - monotonicMs);
      return Math.floor(monotonicMs + aheadMs);
    },
    monotonic: clock.monotonic,
    after: clock.after,
  };
}
