export interface Count {
  readonly depth: number;
  readonly bytes: number;
}

/** How much is stored, by app and in all, so that no push needs a table to be counted. */
export interface Tally {
  readonly total: Count;
  /** Apps with at least one push. */
  readonly byApp: ReadonlyMap<string, Count>;
  add(app: string, bytes: number): void;
  subtract(app: string, bytes: number): void;
  /** What was added and subtracted since the last call was committed. */
  keep(): void;
  /** What was added and subtracted since the last `keep` did not happen. */
  undo(): void;
}

export function createTally(initial: Iterable<readonly [app: string, count: Count]>): Tally {
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
