// Limits the open sockets of a server (RFC 9293), in total and per address.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../time/clock.ts';
import { type Log, throttle } from '../telemetry/log.ts';
import { networkOf } from './rate-limit.ts';
import type { IsTrustedProxy } from './trusted-proxies.ts';

/** Limits for sockets. */
export interface ConnectionLimits {
  /** Open sockets in total; further ones are closed at once. */
  readonly maxConnections: number;
  /** Open sockets of one address (with IPv6, of one /64 network), so that nobody uses them all. */
  readonly maxConnectionsPerAddress: number;
}

export interface ConnectionLimitOptions {
  readonly limits: ConnectionLimits;
  /** The address of a trusted proxy has no limit, since everybody's requests come from it. */
  readonly isTrustedProxy: IsTrustedProxy;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

/** An attack closes thousands of sockets a second; the log gets one line in this many milliseconds. */
const logEveryMs = 60_000;

/** Closes sockets beyond the limits as soon as they are open, before any TLS handshake. */
export function limitConnections(server: Server, options: ConnectionLimitOptions): void {
  const { limits, isTrustedProxy, clock, log } = options;
  const open = new Map<string, number>();
  const mayLog = { all: throttle(logEveryMs, clock), address: throttle(logEveryMs, clock) };

  server.maxConnections = limits.maxConnections;
  server.on('drop', () => {
    if (mayLog.all()) log.warn({ count: limits.maxConnections }, 'all sockets for clients are in use');
  });
  server.on('connection', (socket: Socket) => {
    const { remoteAddress = '' } = socket;
    if (isTrustedProxy(remoteAddress)) return;
    const network = networkOf(remoteAddress);
    const count = (open.get(network) ?? 0) + 1;
    if (count > limits.maxConnectionsPerAddress) {
      if (mayLog.address()) logAddressLimit();
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

  function logAddressLimit(): void {
    const hint = 'If it is your proxy, name it under http.public.trustProxy.';
    log.warn({ count: limits.maxConnectionsPerAddress, hint }, 'one address has reached its limit of sockets');
  }
}
