/**
 * Makes a function that runs work on the same key one after the other, in the order in which it was given: a client that
 * unregisters and registers anew must not have the two swapped. A key is remembered only while there is work on it.
 */
export function createInOrder(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const latest = new Map<string, Promise<unknown>>();

  return async (key, work) => {
    const before = latest.get(key);
    const own = before ? before.then(work, work) : work();
    latest.set(key, own);
    try {
      return await own;
    } finally {
      if (latest.get(key) === own) latest.delete(key);
    }
  };
}
