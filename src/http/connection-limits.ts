// How many sockets a server keeps open, in all and for one address.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../time/clock.ts';
import { type Log, throttle } from '../telemetry/log.ts';
import { networkOf } from './rate-limit.ts';
import type { IsTrustedProxy } from './trusted-proxies.ts';

export interface ConnectionLimits {
  /** Sockets at a time; more are closed at once. */
  readonly maxConnections: number;
  /** The same of one address (of IPv6: one network of 64 bits), so that nobody takes them all. */
  readonly maxConnectionsPerAddress: number;
}

export interface ConnectionLimitOptions {
  readonly limits: ConnectionLimits;
  /** Everybody's requests come from a proxy: its address has no limit of its own. */
  readonly isTrustedProxy: IsTrustedProxy;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

/** An attack closes thousands of sockets a second. */
const complainEveryMs = 60_000;

/** Closes sockets beyond the limits as soon as they are open, TLS or not. */
export function limitConnections(server: Server, options: ConnectionLimitOptions): void {
  const { limits, isTrustedProxy, clock, log } = options;
  const open = new Map<string, number>();
  const mayComplain = { all: throttle(complainEveryMs, clock), address: throttle(complainEveryMs, clock) };

  server.maxConnections = limits.maxConnections;
  server.on('drop', () => {
    if (mayComplain.all()) log.warn({ count: limits.maxConnections }, 'all sockets for clients are taken');
  });
  server.on('connection', (socket: Socket) => {
    const { remoteAddress = '' } = socket;
    if (isTrustedProxy(remoteAddress)) return;
    const network = networkOf(remoteAddress);
    const count = (open.get(network) ?? 0) + 1;
    if (count > limits.maxConnectionsPerAddress) {
      if (mayComplain.address()) complain();
      socket.destroy();
      return;
    }
    open.set(network, count);
    socket.once('close', () => release(network));
  });

  function release(network: string): void {
    const left = (open.get(network) ?? 0) - 1;
    if (left > 0) open.set(network, left);
    else open.delete(network);
  }

  function complain(): void {
    const hint = 'If it is your proxy, name it under http.public.trustProxy.';
    log.warn({ count: limits.maxConnectionsPerAddress, hint }, 'one address has as many sockets as one may have');
  }
}
