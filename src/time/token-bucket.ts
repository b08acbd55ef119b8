import type { Clock } from './clock.ts';

/** Limit for one key: `burst` at once after a pause, `perSecond` in the long run. */
export interface Share {
  readonly burst: number;
  readonly perSecond: number;
}

/** Token buckets by key. */
export interface TokenBuckets {
  /**
   * Takes one token from the key's bucket.
   * @returns 0 if there was one; otherwise the milliseconds until there is one, and nothing is taken
   */
  take(key: string): number;
  /** The value that `take` would return. Takes nothing. */
  delay(key: string): number;
  readonly size: number;
}

export interface TokenBucketsOptions extends Share {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Keys remembered. The one that was quiet longest is forgotten first and starts again with a full bucket. */
  readonly limit: number;
}

/** One token bucket per key. */
export function createTokenBuckets({ clock, burst, perSecond, limit }: TokenBucketsOptions): TokenBuckets {
  const buckets = new Map<string, { tokens: number; atMs: number }>();

  /** Forgets a tenth at a time, since finding the first entry of a map is slow after many deletions. */
  function forgetQuietest(): void {
    let surplus = Math.ceil(limit / 10);
    for (const key of buckets.keys()) {
      if (surplus === 0) return;
      surplus -= 1;
      buckets.delete(key);
    }
  }

  /** Tokens in the key's bucket now. */
  function tokensOf(key: string, nowMs: number): number {
    const bucket = buckets.get(key);
    if (!bucket) return burst;
    return Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1_000) * perSecond);
  }

  const delayUntilOne = (tokens: number) => (tokens >= 1 ? 0 : ((1 - tokens) / perSecond) * 1_000);

  return {
    take(key) {
      const nowMs = clock.monotonic();
      const tokens = tokensOf(key, nowMs);
      // Deleted first, so that the map stays in the order of the latest requests.
      buckets.delete(key);
      buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs });
      if (buckets.size > limit) forgetQuietest();
      return delayUntilOne(tokens);
    },
    delay: (key) => delayUntilOne(tokensOf(key, clock.monotonic())),
    get size() {
      return buckets.size;
    },
  };
}
