import { isIPv6 } from 'node:net';
import type { Clock } from '../time/clock.ts';
import { createTokenBuckets, type Share } from '../time/token-bucket.ts';

export interface RateLimitOptions extends Share {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Addresses that are remembered; the one that was quiet longest is forgotten first. */
  readonly maxAddresses: number;
}

/** Takes one request of an address into account; false: it has had its share. */
export type RateLimit = (address: string) => boolean;

/** One token bucket per address. */
export function createRateLimit({ maxAddresses, ...options }: RateLimitOptions): RateLimit {
  const buckets = createTokenBuckets({ ...options, limit: maxAddresses });
  return (address) => buckets.take(networkOf(address)) === 0;
}

/** What is counted as one address: one customer commonly has a whole /64 of IPv6 addresses. */
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
