import { isIPv6 } from 'node:net';
import type { Clock } from '../time/clock.ts';
import { createTokenBuckets, type Share } from '../time/token-bucket.ts';

export interface RateLimitOptions extends Share {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Addresses that are always remembered, at most twice as many. */
  readonly maxAddresses: number;
}

/** Counts one request of an address; false: the address is over its limit. */
export type RateLimit = (address: string) => boolean;

/** A rate limit with one token bucket (`time/token-bucket.ts`) per address. */
export function createRateLimit({ maxAddresses, ...options }: RateLimitOptions): RateLimit {
  const buckets = createTokenBuckets({ ...options, limit: maxAddresses });
  return (address) => buckets.take(networkOf(address)) === 0;
}

/** The part of an address that is counted: with IPv6 the /64 network, which one customer commonly has. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address.slice(0, 64);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = address.split('%', 1)[0]?.split('::', 2) ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
