import type { OutboxLimits } from './limits.ts';

/** Number and size of pushes. */
export interface Count {
  readonly depth: number;
  readonly bytes: number;
}

/** What a push counts for. */
export interface Counted {
  readonly app: string;
  readonly domain: string;
  readonly bytes: number;
}

/**
 * Number and size of the queued pushes, so that storing one needs no query to count them. Exact where one process uses
 * the store; where several do, exact as of the last count, and what this process changed since.
 */
export interface Counters {
  /** Apps with at least one push. */
  readonly byApp: ReadonlyMap<string, Count>;
  /** Replaces all figures by those of a query, with a row for each app and domain. */
  replace(rows: Iterable<Counted & { readonly depth: number }>): void;
  add(pushes: readonly Counted[]): void;
  subtract(pushes: readonly Counted[]): void;
  /** Whether one more push would be beyond a limit. */
  isFull(push: Counted): boolean;
}

const none: Count = { depth: 0, bytes: 0 };

export function createCounters(limits: Pick<OutboxLimits, 'pushes' | 'bytes' | 'ofOneApp' | 'ofOneDomain'>): Counters {
  const byApp = new Map<string, Count>();
  const byDomain = new Map<string, Count>();
  let total = none;

  function change({ app, domain, bytes }: Counted, depth: number): void {
    const size = depth < 0 ? -bytes : bytes;
    total = { depth: total.depth + depth, bytes: total.bytes + size };
    changeIn(byApp, app, depth, size);
    changeIn(byDomain, domain, depth, size);
  }

  return {
    byApp,
    replace(rows) {
      byApp.clear();
      byDomain.clear();
      total = none;
      for (const row of rows) change(row, row.depth);
    },
    add(pushes) {
      for (const push of pushes) change(push, 1);
    },
    subtract(pushes) {
      for (const push of pushes) change(push, -1);
    },
    isFull({ app, domain, bytes }) {
      const { depth: ofApp, bytes: bytesOfApp } = byApp.get(app) ?? none;
      const { depth: ofDomain } = byDomain.get(domain) ?? none;
      return (
        total.depth >= limits.pushes ||
        total.bytes + bytes > limits.bytes ||
        ofApp >= limits.pushes * limits.ofOneApp ||
        bytesOfApp + bytes > limits.bytes * limits.ofOneApp ||
        ofDomain >= limits.pushes * limits.ofOneDomain
      );
    },
  };
}

function changeIn(counts: Map<string, Count>, key: string, depth: number, bytes: number): void {
  const before = counts.get(key) ?? none;
  const after = { depth: before.depth + depth, bytes: before.bytes + bytes };
  // Where others share the store, they may have removed what this process has not counted yet.
  if (after.depth <= 0) counts.delete(key);
  else counts.set(key, after);
}
