import type { Clock } from './clock.ts';

/**
 * At most one run per key in an interval: the first at once, the newest of those that came meanwhile when the interval
 * ends. So a device that is woken again and again hears of the last event too.
 */
export interface Coalescer {
  /** Returns true when the caller is to go ahead itself; else `later` is called in its time, unless a newer one replaced it. */
  claim(key: string, intervalMs: number, later: () => void): boolean;
  /** Calls everything that still waits, at once, and starts anew. */
  flush(): void;
  readonly size: number;
}

/** @param limit keys remembered at a time; beyond it callers go ahead, since losing a wake-up is worse than one more. */
export function createCoalescer(options: { clock: Clock; limit: number }): Coalescer {
  const { clock, limit } = options;
  const open = new Map<string, { later?: () => void; cancel: () => void }>();

  const begin = (key: string, intervalMs: number): void => {
    const cancel = clock.after(intervalMs, () => {
      const later = open.get(key)?.later;
      open.delete(key);
      if (!later) return;
      begin(key, intervalMs);
      later();
    });
    open.set(key, { cancel });
  };

  return {
    claim(key, intervalMs, later) {
      const entry = open.get(key);
      if (entry) {
        entry.later = later;
        return false;
      }
      if (open.size < limit) begin(key, intervalMs);
      return true;
    },
    flush() {
      const entries = [...open.values()];
      open.clear();
      for (const entry of entries) {
        entry.cancel();
        entry.later?.();
      }
    },
    get size() {
      return open.size;
    },
  };
}
