import type { Clock } from '../clock.ts';

/**
 * Keeps one app's slow provider from taking what others need: at most `width` at a time, at most `queueLimit` waiting,
 * none longer than its own patience.
 */
export interface Bulkhead {
  /** Resolves with true once inside, with false when there is no room or patience ended; then `leave` must not be called. */
  enter(patienceMs: number): Promise<boolean>;
  leave(): void;
  readonly inside: number;
  readonly waiting: number;
}

export function createBulkhead(options: { width: number; queueLimit: number; clock: Clock }): Bulkhead {
  const { width, queueLimit, clock } = options;
  // A Set keeps insertion order and lets one that gave up step out of the middle.
  const queue = new Set<() => void>();
  let inside = 0;
  return {
    enter(patienceMs) {
      if (inside < width) {
        inside += 1;
        return Promise.resolve(true);
      }
      if (queue.size >= queueLimit || patienceMs <= 0) return Promise.resolve(false);
      return new Promise((resolve) => {
        const admit = () => {
          queue.delete(admit);
          cancelTimer();
          resolve(true);
        };
        const cancelTimer = clock.after(patienceMs, () => {
          queue.delete(admit);
          resolve(false);
        });
        queue.add(admit);
      });
    },
    leave() {
      const next = queue.values().next().value;
      // The place passes from one to the next, so `inside` stays.
      if (next) next();
      else inside -= 1;
    },
    get inside() {
      return inside;
    },
    get waiting() {
      return queue.size;
    },
  };
}
