// X-Forwarded-For: whom a request behind proxies is counted for. Each proxy adds the address of its peer at the end, so
// the list is read from there, as far as the proxies are trusted: what a client wrote itself stands in front of its own
// address and is never reached.
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../time/clock.ts';
import { type Log, throttle } from '../telemetry/log.ts';
import type { IsTrustedProxy } from './trusted-proxies.ts';

/**
 * The IP address that a request is counted for: of the nearest hop that is no trusted proxy. Where that hop is no address,
 * a proxy passed on what its client wrote, and the request counts for the proxy.
 */
export function callerOf({ ip, socket }: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  return readAddress(ip) ?? socket.remoteAddress ?? '';
}

/** The address in an entry of the list, which some proxies write with a port; undefined when there is none. */
export function readAddress(entry: string): string | undefined {
  const [, inBrackets, beforePort] = /^(?:\[([^\]]*)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(entry) ?? [];
  const address = inBrackets ?? beforePort ?? entry;
  return isIP(address) === 0 ? undefined : address;
}

export interface ForwardingWatchOptions {
  readonly isTrustedProxy: IsTrustedProxy;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

const complainEveryMs = 3_600_000;

/**
 * Looks at each request that a trusted proxy brings, and warns when some name a client and others do not: a proxy that
 * writes the header itself always does, one that passes it on lets clients choose whom they are counted for.
 */
export function watchForwarding({ isTrustedProxy, clock, log }: ForwardingWatchOptions) {
  const mayComplain = throttle(complainEveryMs, clock);
  const seen = { named: false, unnamed: false };
  return ({ headers, socket }: Pick<FastifyRequest, 'headers' | 'socket'>): void => {
    if (!isTrustedProxy(socket.remoteAddress ?? '')) return;
    seen[headers['x-forwarded-for'] === undefined ? 'unnamed' : 'named'] = true;
    if (!seen.named || !seen.unnamed || !mayComplain()) return;
    const hint = 'Unless the others are of your own tools: let the proxy write the header, not pass it on.';
    log.warn({ hint }, 'only some requests of a trusted proxy have X-Forwarded-For');
  };
}
