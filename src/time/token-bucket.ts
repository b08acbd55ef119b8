import type { Clock } from './clock.ts';

/** How much one key may take: `burst` at once after a pause, `perSecond` for long. */
export interface Share {
  readonly burst: number;
  readonly perSecond: number;
}

export interface TokenBuckets {
  /**
   * Takes one token of the key's bucket.
   * @returns 0 when there was one; otherwise nothing is taken, and the milliseconds until there will be one
   */
  take(key: string): number;
  /** What `take` would return; takes nothing. */
  delay(key: string): number;
  readonly size: number;
}

export interface TokenBucketsOptions extends Share {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Keys that are remembered; the one that was quiet longest is forgotten first, and so starts anew with a full bucket. */
  readonly limit: number;
}

/** One token bucket per key. */
export function createTokenBuckets({ clock, burst, perSecond, limit }: TokenBucketsOptions): TokenBuckets {
  const buckets = new Map<string, { tokens: number; atMs: number }>();

  /** A tenth at a time: to find the first entry of a map costs as much as many were deleted before it. */
  function forgetQuietest(): void {
    let surplus = Math.ceil(limit / 10);
    for (const key of buckets.keys()) {
      if (surplus === 0) return;
      surplus -= 1;
      buckets.delete(key);
    }
  }

  /** Tokens that the key has now. */
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
