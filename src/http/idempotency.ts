// draft-ietf-httpapi-idempotency-key-header: a caller that lost an answer repeats the request with the same key.
import type { Clock } from '../time/clock.ts';

export interface IdempotencyOptions<T> {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Keys remembered; the oldest is forgotten first. */
  readonly maxKeys: number;
  /** Milliseconds that a key is remembered. */
  readonly lifeMs: number;
  /** Whether an earlier answer is still true. If not, it is forgotten and the work is done again. */
  readonly stillHolds: (answer: T) => Promise<boolean>;
}

/** Does `work` once per key. `reused`: the key came with another body before. */
export type Idempotency<T> = (key: string, bodyDigest: string, work: () => Promise<T>) => Promise<T | 'reused'>;

/**
 * Remembers answers by key, in this process only. The work is idempotent by itself, so a key that is forgotten, or
 * known to another process, does no harm. Failures are not remembered.
 *
 * `stillHolds` is asked before an answer is repeated. Nobody invalidates answers, since registrations are removed in
 * many ways and by other processes too.
 */
export function createIdempotency<T>(options: IdempotencyOptions<T>): Idempotency<T> {
  const { clock, maxKeys, lifeMs, stillHolds } = options;
  const kept = new Map<string, { bodyDigest: string; answer: Promise<T>; atMs: number }>();

  /** Forgets keys that are too old, and the oldest ones beyond `room`. */
  const forget = (room: number): void => {
    const oldest = clock.monotonic() - lifeMs;
    for (const [key, { atMs }] of kept) {
      if (atMs > oldest && kept.size <= room) break;
      kept.delete(key);
    }
  };

  return async function ask(key, bodyDigest, work) {
    forget(maxKeys);
    const earlier = kept.get(key);
    if (earlier) {
      if (earlier.bodyDigest !== bodyDigest) return 'reused';
      const answer = await earlier.answer;
      if (await stillHolds(answer)) return answer;
      // If several requests find this out at once, the first one does the work and the others wait for it.
      if (kept.get(key) === earlier) kept.delete(key);
      return ask(key, bodyDigest, work);
    }
    forget(maxKeys - 1);
    const entry = { bodyDigest, answer: work(), atMs: clock.monotonic() };
    kept.set(key, entry);
    try {
      return await entry.answer;
    } catch (error) {
      if (kept.get(key) === entry) kept.delete(key);
      throw error;
    }
  };
}
