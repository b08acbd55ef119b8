// draft-ietf-httpapi-idempotency-key-header: a caller that lost an answer asks again with the same key.
import type { Clock } from '../time/clock.ts';

export interface IdempotencyOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Keys that are remembered; the oldest is forgotten first. */
  readonly maxKeys: number;
  /** How long a key is remembered, milliseconds. */
  readonly lifeMs: number;
}

/** Does `work` once for a key; `reused`: the key came with another body before. */
export type Idempotency<T> = (key: string, bodyDigest: string, work: () => Promise<T>) => Promise<T | 'reused'>;

/**
 * Remembers answers by key, in this process alone: the work behind it is idempotent by itself, so that a key that is
 * forgotten, or known to another process, costs nothing. What fails is not remembered.
 */
export function createIdempotency<T>({ clock, maxKeys, lifeMs }: IdempotencyOptions): Idempotency<T> {
  const kept = new Map<string, { bodyDigest: string; answer: Promise<T>; atMs: number }>();

  const forgetOld = (): void => {
    const oldest = clock.monotonic() - lifeMs;
    for (const [key, { atMs }] of kept) {
      if (atMs > oldest && kept.size < maxKeys) break;
      kept.delete(key);
    }
  };

  return async (key, bodyDigest, work) => {
    forgetOld();
    const earlier = kept.get(key);
    if (earlier) return earlier.bodyDigest === bodyDigest ? earlier.answer : 'reused';
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
