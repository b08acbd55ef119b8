import type { Clock } from '../clock.ts';

/**
 * At most one push per key in an interval: the first at once, and one for all that came meanwhile when the interval ends.
 * So a device that is woken again and again hears of the last event too.
 */
export interface Coalescer {
  /**
   * `now`: the caller sends its push. Otherwise a push for the end of the interval stands for it, and the promise tells
   * whether that one is stored; `store` is called for the first of them, with the time until then.
   */
  claim(key: string, intervalMs: number, store: (delayMs: number) => Promise<boolean>): 'now' | Promise<boolean>;
  readonly size: number;
}

interface Entry {
  /** Monotonic time until which further ones are held back. */
  openUntilMs: number;
  later?: { readonly dueMs: number; readonly stored: Promise<boolean> };
}

/** @param limit keys remembered at a time; beyond it callers go ahead, since one push too many beats one too few. */
export function createCoalescer(options: { clock: Clock; limit: number }): Coalescer {
  const { clock, limit } = options;
  // In the order in which the intervals were opened, so that those that ended stand in front.
  const entries = new Map<string, Entry>();

  function forgetEnded(nowMs: number): void {
    for (const [key, { openUntilMs }] of entries) {
      if (openUntilMs > nowMs) return;
      entries.delete(key);
    }
  }

  return {
    claim(key, intervalMs, store) {
      const nowMs = clock.monotonic();
      const entry = entries.get(key);
      if (!entry || entry.openUntilMs <= nowMs) {
        entries.delete(key);
        forgetEnded(nowMs);
        if (entries.size < limit && intervalMs > 0) entries.set(key, { openUntilMs: nowMs + intervalMs });
        return 'now';
      }
      if (entry.later && nowMs < entry.later.dueMs) return entry.later.stored;
      const dueMs = entry.openUntilMs;
      const later = { dueMs, stored: store(dueMs - nowMs) };
      entry.later = later;
      entry.openUntilMs = dueMs + intervalMs;
      void later.stored.then((isStored) => {
        // The next one tries for itself.
        if (!isStored && entry.later === later) delete entry.later;
      });
      return later.stored;
    },
    get size() {
      return entries.size;
    },
  };
}
