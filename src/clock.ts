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
