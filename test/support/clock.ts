import { type Clock, systemClock } from '../../src/time/clock.ts';

/** A clock that stands still until it is advanced. */
export interface ManualClock extends Clock {
  /** Advances the time and runs, in order, what is due. */
  advance(ms: number): void;
  /** Sets wall time only, as an operator or NTP does. */
  step(ms: number): void;
  /** Number of waiting timers. */
  readonly waiting: number;
}

/** Lets the event loop deliver pending data between sockets of this process; no time has to pass. */
export async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
}

/**
 * Turns the event loop until the condition holds; rejects after so many turns, since nothing in one process takes
 * longer.
 */
export async function turnsUntil(
  what: string,
  holds: () => Promise<boolean> | boolean,
  count = 100_000,
): Promise<void> {
  for (let turn = 0; !(await holds()); turn += 1) {
    if (turn === count) throw new Error(`${what}: not within ${count} turns`);
    await turns(1);
  }
}

/** The promise, or a rejection if this many turns of the event loop did not settle it. */
export async function soon<T>(what: string, promise: Promise<T>, count = 100_000): Promise<T> {
  let isSettled = false;
  const settle = () => void (isSettled = true);
  promise.then(settle, settle);
  await turnsUntil(what, () => isSettled, count);
  return promise;
}

/** Its time is set by hand, its timers are real, for whatever waits for another thread. */
export function wallOf(clock: Clock): Clock {
  return { now: clock.now, monotonic: clock.monotonic, after: systemClock.after };
}

export function manualClock(startMs = Date.UTC(2026, 10, 1)): ManualClock {
  let wall = startMs;
  let passed = 0;
  const timers = new Set<{ dueMs: number; run: () => void }>();
  return {
    now: () => wall,
    monotonic: () => passed,
    after(delayMs, run) {
      const timer = { dueMs: passed + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const end = passed + ms;
      for (;;) {
        const next = [...timers].filter((timer) => timer.dueMs <= end).toSorted((a, b) => a.dueMs - b.dueMs)[0];
        if (!next) break;
        timers.delete(next);
        wall += Math.max(0, next.dueMs - passed);
        passed = Math.max(passed, next.dueMs);
        next.run();
      }
      wall += end - passed;
      passed = end;
    },
    step: (ms) => void (wall += ms),
    get waiting() {
      return timers.size;
    },
  };
}
