import { RecentMap } from '../core/recent-map.ts';
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
  /** Puts back the token that the latest `take` of the key took. */
  giveBack(key: string): void;
  /** The value that `take` would return. Takes nothing. */
  delay(key: string): number;
  readonly size: number;
}

export interface TokenBucketsOptions extends Share {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Keys that are always remembered, at most twice as many; one that is forgotten starts again with a full bucket. */
  readonly limit: number;
}

/** One token bucket per key. */
export function createTokenBuckets({ clock, burst, perSecond, limit }: TokenBucketsOptions): TokenBuckets {
  const buckets = new RecentMap<string, { tokens: number; atMs: number }>(limit);

  /** Tokens in a bucket now. */
  const tokensAt = (nowMs: number, bucket: { readonly tokens: number; readonly atMs: number }) =>
    Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1_000) * perSecond);

  const delayUntilOne = (tokens: number) => (tokens >= 1 ? 0 : ((1 - tokens) / perSecond) * 1_000);

  return {
    take(key) {
      const nowMs = clock.monotonic();
      const bucket = buckets.get(key);
      const tokens = bucket ? tokensAt(nowMs, bucket) : burst;
      const left = tokens >= 1 ? tokens - 1 : tokens;
      if (bucket) {
        bucket.tokens = left;
        bucket.atMs = nowMs;
      } else {
        buckets.set(key, { tokens: left, atMs: nowMs });
      }
      return delayUntilOne(tokens);
    },
    giveBack(key) {
      const bucket = buckets.peek(key);
      if (bucket) bucket.tokens += 1;
    },
    delay(key) {
      const bucket = buckets.peek(key);
      return bucket ? delayUntilOne(tokensAt(clock.monotonic(), bucket)) : 0;
    },
    get size() {
      return buckets.size;
    },
  };
}
