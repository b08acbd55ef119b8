import { isIPv6 } from 'node:net';
import type { Clock } from '../clock.ts';

export interface RateLimitOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Requests that an address may make at once after a pause. */
  readonly burst: number;
  readonly perSecond: number;
  /** Addresses that are remembered; the one that was quiet longest is forgotten first. */
  readonly maxAddresses: number;
}

/** Takes one request of an address into account; false: it has had its share. */
export type RateLimit = (address: string) => boolean;

/** One token bucket per address. */
export function createRateLimit({ clock, burst, perSecond, maxAddresses }: RateLimitOptions): RateLimit {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return (address) => {
    const key = networkOf(address);
    const nowMs = clock.monotonic();
    const bucket = buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    const tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1_000) * perSecond);
    const allowed = tokens >= 1;
    // Deleted first, so that the map stays in the order of the latest requests.
    buckets.delete(key);
    buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, atMs: nowMs });
    if (buckets.size > maxAddresses) {
      const [quietest] = buckets.keys();
      if (quietest !== undefined) buckets.delete(quietest);
    }
    return allowed;
  };
}

/** One customer commonly has a whole /64 of IPv6 addresses. */
function networkOf(address: string): string {
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
