/**
 * Time as a parameter, so that tests neither sleep nor flake. Wall time may be set, so `monotonic` is for durations and
 * deadlines, `now` for what other machines compare (expiry, JWT ages, dates in the database).
 */
export interface Clock {
  /** Wall time in milliseconds since 1970. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number;
  /** Calls `run` once after `delayMs` unless the returned function is called. Does not keep the process alive. */
  after(delayMs: number, run: () => void): () => void;
}

/** A number in [0, 1), like `Math.random`. */
export type Random = () => number;

/** The machine's clock. */
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
 * Wraps a clock so that its wall time never goes back: if the clock is set back, wall time continues at its own pace.
 * For whatever waits until a time or ends at one. If the clock is set forward, it follows.
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
