// X-Forwarded-For: the client that a request behind proxies is counted for. Each proxy appends the address of its peer,
// so the list is read from its end, as far as the proxies are trusted. What a client wrote itself stands before its own
// address and is never reached.
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../time/clock.ts';
import { type Log, throttle } from '../telemetry/log.ts';
import type { IsTrustedProxy } from './trusted-proxies.ts';

/**
 * The IP address that a request is counted for: the nearest hop that is not a trusted proxy. If that hop is no address,
 * the proxy passed on text of its client, and the request counts for the proxy.
 */
export function callerOf({ ip, socket }: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  return readAddress(ip) ?? socket.remoteAddress ?? '';
}

/** The address in an entry of the list, which some proxies write with a port; undefined if there is none. */
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

const logEveryMs = 3_600_000;

/**
 * Checks each request of a trusted proxy and warns if only some have the header. A proxy that writes the header itself
 * always does; one that passes it on lets clients choose the address that they are counted for.
 */
export function watchForwarding({ isTrustedProxy, clock, log }: ForwardingWatchOptions) {
  const mayLog = throttle(logEveryMs, clock);
  const seen = { named: false, unnamed: false };
  return ({ headers, socket }: Pick<FastifyRequest, 'headers' | 'socket'>): void => {
    if (!isTrustedProxy(socket.remoteAddress ?? '')) return;
    seen[headers['x-forwarded-for'] === undefined ? 'unnamed' : 'named'] = true;
    if (!seen.named || !seen.unnamed || !mayLog()) return;
    const hint = 'Unless the others come from your own tools, let the proxy write the header instead of passing it on.';
    log.warn({ hint }, 'only some requests of a trusted proxy have X-Forwarded-For');
  };
}
