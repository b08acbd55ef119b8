import type { Clock } from '../time/clock.ts';

/**
 * Keeps a slow provider of one app from using what others need. At most `width` pushes are inside and at most
 * `queueLimit` wait (and as many urgent ones), none longer than its own patience.
 */
export interface ConcurrencyLimit {
  /**
   * Whether the caller is inside, at once or by a promise; if so it has to call `leave`. If not, there is no place, or patience
   * ran out.
   * @param isUrgent whether it precedes all that are not urgent
   */
  enter(patienceMs: number, isUrgent?: boolean): boolean | Promise<boolean>;
  leave(): void;
  readonly inside: number;
  readonly waiting: number;
}

export function createConcurrencyLimit(options: { width: number; queueLimit: number; clock: Clock }): ConcurrencyLimit {
  const { width, queueLimit, clock } = options;
  // A Set keeps insertion order, and a waiting push that gives up can be deleted from its middle.
  const urgent = new Set<() => void>();
  const ordinary = new Set<() => void>();
  let inside = 0;
  return {
    enter(patienceMs, isUrgent = false) {
      if (inside < width) {
        inside += 1;
        return true;
      }
      const queue = isUrgent ? urgent : ordinary;
      if (queue.size >= queueLimit || patienceMs <= 0) return false;
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
      // The next one takes over the place, so `inside` stays the same.
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
