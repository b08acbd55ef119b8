/** Lets what must not happen at the same time happen one after the other. */
export interface Turns {
  /** Runs the work when all earlier work of this name is done. */
  take<T>(name: string, work: () => Promise<T>): Promise<T>;
}

export function createTurns(): Turns {
  const latest = new Map<string, Promise<unknown>>();
  return {
    take(name, work) {
      const before = latest.get(name) ?? Promise.resolve();
      const turn = before.then(work, work);
      latest.set(name, turn);
      return turn;
    },
  };
}
