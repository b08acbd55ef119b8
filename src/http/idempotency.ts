// draft-ietf-httpapi-idempotency-key-header: a caller that lost an answer asks again with the same key.
import type { Clock } from '../time/clock.ts';

export interface IdempotencyOptions<T> {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Keys that are remembered; the oldest is forgotten first. */
  readonly maxKeys: number;
  /** How long a key is remembered, milliseconds. */
  readonly lifeMs: number;
  /** Whether an answer from before is still true. If it is not, it is forgotten and the work is done anew. */
  readonly stillHolds: (answer: T) => Promise<boolean>;
}

/** Does `work` once for a key; `reused`: the key came with another body before. */
export type Idempotency<T> = (key: string, bodyDigest: string, work: () => Promise<T>) => Promise<T | 'reused'>;

/**
 * Remembers answers by key, in this process alone: the work behind it is idempotent by itself, so that a key that is
 * forgotten, or known to another process, costs nothing. What fails is not remembered.
 *
 * An answer is asked about before it is given again, and not thrown away by whoever makes it untrue: registrations are
 * removed in many ways, by other processes, too.
 */
export function createIdempotency<T>(options: IdempotencyOptions<T>): Idempotency<T> {
  const { clock, maxKeys, lifeMs, stillHolds } = options;
  const kept = new Map<string, { bodyDigest: string; answer: Promise<T>; atMs: number }>();

  /** Forgets what is too old, and the oldest of what is more than `room`. */
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
      // Of several requests that find this out at the same time, the first does the work and the others wait for it.
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
