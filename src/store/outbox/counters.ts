/** Number and size of pushes. */
export interface Count {
  readonly depth: number;
  readonly bytes: number;
}

/** Number and size of the stored pushes, by app and in total, so that storing one needs no query to count them. */
export interface Counters {
  readonly total: Count;
  /** Apps with at least one push. */
  readonly byApp: ReadonlyMap<string, Count>;
  add(app: string, bytes: number): void;
  subtract(app: string, bytes: number): void;
  /** The changes since the last call were committed. */
  keep(): void;
  /** The changes since the last `keep` were rolled back. */
  undo(): void;
}

export function createCounters(initial: Iterable<readonly [app: string, count: Count]>): Counters {
  const byApp = new Map(initial);
  let total = sum(byApp.values());
  const pending: { app: string; depth: number; bytes: number }[] = [];

  const apply = (app: string, depth: number, bytes: number): void => {
    const before = byApp.get(app) ?? { depth: 0, bytes: 0 };
    const after = { depth: before.depth + depth, bytes: before.bytes + bytes };
    if (after.depth === 0) byApp.delete(app);
    else byApp.set(app, after);
    total = { depth: total.depth + depth, bytes: total.bytes + bytes };
  };
  const change = (app: string, depth: number, bytes: number): void => {
    apply(app, depth, bytes);
    pending.push({ app, depth, bytes });
  };

  return {
    get total() {
      return total;
    },
    byApp,
    add: (app, bytes) => change(app, 1, bytes),
    subtract: (app, bytes) => change(app, -1, -bytes),
    keep: () => void pending.splice(0),
    undo() {
      for (const { app, depth, bytes } of pending.splice(0)) apply(app, -depth, -bytes);
    },
  };
}

function sum(counts: Iterable<Count>): Count {
  let total = { depth: 0, bytes: 0 };
  for (const { depth, bytes } of counts) total = { depth: total.depth + depth, bytes: total.bytes + bytes };
  return total;
}
