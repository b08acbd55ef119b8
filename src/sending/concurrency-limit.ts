import type { Clock } from '../time/clock.ts';

/**
 * Keeps one app's slow provider from taking what others need: at most `width` at a time, at most `queueLimit` waiting (and
 * as many urgent ones), none longer than its own patience.
 */
export interface ConcurrencyLimit {
  /**
   * Resolves with true once inside, with false when there is no room or patience ended; then `leave` must not be called.
   * @param isUrgent goes before all that are not
   */
  enter(patienceMs: number, isUrgent?: boolean): Promise<boolean>;
  leave(): void;
  readonly inside: number;
  readonly waiting: number;
}

export function createConcurrencyLimit(options: { width: number; queueLimit: number; clock: Clock }): ConcurrencyLimit {
  const { width, queueLimit, clock } = options;
  // A Set keeps insertion order and lets one that gave up step out of the middle.
  const urgent = new Set<() => void>();
  const ordinary = new Set<() => void>();
  let inside = 0;
  return {
    enter(patienceMs, isUrgent = false) {
      if (inside < width) {
        inside += 1;
        return Promise.resolve(true);
      }
      const queue = isUrgent ? urgent : ordinary;
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
      const next = urgent.values().next().value ?? ordinary.values().next().value;
      // The place passes from one to the next, so `inside` stays.
      if (next) next();
      else inside -= 1;
    },
    get inside() {
      return inside;
    },
    get waiting() {
      return urgent.size + ordinary.size;
    },
  };
}
