/**
 * Lets at most one push per key pass in an interval. The first one leaves at once; one more, at the end of the
 * interval, stands for all that came meanwhile, so that the device learns of the last event too. It is the newest of
 * those that carry something; one that carries nothing replaces none.
 */
export interface Coalescer {
  /**
   * `now`: the caller sends its push. Otherwise a push at the end of the interval stands for it, and the promise tells
   * whether that push is stored. `hold` stores it, given the milliseconds until then; it is called once an interval, and
   * again for each push that replaces the one before.
   */
  claim(key: string, intervalMs: number, push: Coalescible): 'now' | Promise<boolean>;
  readonly size: number;
}

/** A push that may have to wait for the end of an interval. */
export interface Coalescible {
  /** Whether it carries something that is newer than what the held push carries. */
  readonly replaces: boolean;
  readonly hold: (delayMs: number) => HeldPush;
}

/** A push that waits for the end of an interval. */
export interface HeldPush {
  readonly stored: Promise<boolean>;
  /** Takes the push out of the store, since another one is stored in its place. */
  readonly withdraw: () => void;
}

interface Entry {
  /** Time until which further pushes are held back. */
  readonly openUntilMs: number;
  readonly later?: HeldPush & { readonly dueMs: number };
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
    claim(key, intervalMs, { replaces, hold }) {
      const nowMs = now();
      const entry = entries.get(intervalMs)?.get(key);
      if (!entry || entry.openUntilMs <= nowMs) {
        forgetEnded(nowMs);
        if (size() < limit && intervalMs > 0) remember(key, intervalMs, { openUntilMs: nowMs + intervalMs });
        return 'now';
      }
      const held = entry.later && nowMs < entry.later.dueMs ? entry.later : undefined;
      if (held && !replaces) return held.stored;
      const dueMs = held ? held.dueMs : entry.openUntilMs;
      const later = { dueMs, ...hold(dueMs - nowMs) };
      remember(key, intervalMs, { openUntilMs: dueMs + intervalMs, later });
      void later.stored.then(async (isStored) => {
        if (isStored) {
          // Only now, so that one of both is in the store at any moment.
          if (await held?.stored) held?.withdraw();
          return;
        }
        // The push was not stored. The one that it was to replace still stands, or the next one tries for the same time.
        if (entries.get(intervalMs)?.get(key)?.later !== later) return;
        if (held) remember(key, intervalMs, { openUntilMs: dueMs + intervalMs, later: held });
        else remember(key, intervalMs, { openUntilMs: dueMs });
      });
      return later.stored;
    },
    get size() {
      return size();
    },
  };
}
