/**
 * Lets at most one push per key pass in an interval. The first one leaves at once; one more, at the end of the
 * interval, stands for all that came meanwhile, so that the device learns of the last event too.
 */
export interface Coalescer {
  /**
   * `now`: the caller sends its push. Otherwise a push at the end of the interval stands for it, and the promise tells
   * whether that push is stored. `store` stores it, given the milliseconds until then; it is called once an interval.
   */
  claim(key: string, intervalMs: number, store: (delayMs: number) => Promise<boolean>): 'now' | Promise<boolean>;
  readonly size: number;
}

interface Entry {
  /** Time until which further pushes are held back. */
  readonly openUntilMs: number;
  readonly later?: { readonly dueMs: number; readonly stored: Promise<boolean> };
}

/**
 * @param now milliseconds of the clock that stored pushes leave by, so that both agree on the end of an interval
 * @param limit keys remembered at a time; beyond it every push passes, since one too many is better than one too few
 */
export function createCoalescer({ now, limit }: { now: () => number; limit: number }): Coalescer {
  /** By interval length, then in the order in which the intervals end, so that those that have ended come first. */
  const entries = new Map<number, Map<string, Entry>>();

  function forgetEnded(nowMs: number): void {
    for (const [intervalMs, byKey] of entries) {
      for (const [key, { openUntilMs }] of byKey) {
        if (openUntilMs > nowMs) break;
        byKey.delete(key);
      }
      if (byKey.size === 0) entries.delete(intervalMs);
    }
  }

  function size(): number {
    return entries.values().reduce((sum, byKey) => sum + byKey.size, 0);
  }

  function remember(key: string, intervalMs: number, entry: Entry): void {
    const byKey = entries.get(intervalMs) ?? new Map<string, Entry>();
    entries.set(intervalMs, byKey);
    byKey.delete(key);
    byKey.set(key, entry);
  }

  return {
    claim(key, intervalMs, store) {
      const nowMs = now();
      const entry = entries.get(intervalMs)?.get(key);
      if (!entry || entry.openUntilMs <= nowMs) {
        forgetEnded(nowMs);
        if (size() < limit && intervalMs > 0) remember(key, intervalMs, { openUntilMs: nowMs + intervalMs });
        return 'now';
      }
      if (entry.later && nowMs < entry.later.dueMs) return entry.later.stored;
      const dueMs = entry.openUntilMs;
      const later = { dueMs, stored: store(dueMs - nowMs) };
      remember(key, intervalMs, { openUntilMs: dueMs + intervalMs, later });
      void later.stored.then((isStored) => {
        // The push was not stored, so the next one tries again for the same time.
        if (!isStored && entries.get(intervalMs)?.get(key)?.later === later)
          remember(key, intervalMs, { openUntilMs: dueMs });
      });
      return later.stored;
    },
    get size() {
      return size();
    },
  };
}
