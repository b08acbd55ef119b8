import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fastify, type FastifyInstance } from 'fastify';
import type { Clock } from '../time/clock.ts';
import type { Secret } from '../core/secret.ts';
import { errorCode, type Log } from '../telemetry/log.ts';
import { readAddress, watchForwarding } from './caller.ts';
import { type ConnectionLimits, limitConnections } from './connection-limits.ts';
import { createTrustedProxies } from './trusted-proxies.ts';

/** What a listener allows its callers; each has a default for its purpose. */
export interface ListenerLimits extends ConnectionLimits {
  /** Bytes of a request's body. */
  readonly maxBodyBytes: number;
  /** From the first byte of a request, or from connecting, until it is there as a whole; milliseconds. */
  readonly requestTimeoutMs: number;
}

/** Where to listen. */
export interface ListenAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM texts; without them it speaks HTTP. */
  readonly tls?: { readonly cert: string; readonly key: Secret };
}

export interface ListenerOptions extends ListenAddress {
  readonly limits: ListenerLimits;
  /** Proxies whose `X-Forwarded-For` is believed; see `createTrustedProxies`. */
  readonly trustProxy?: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** The body of an answer to a request that could not be handled; messages of errors may quote it and are not told. */
  readonly describeFailure: (status: number) => object;
  /** Adds hooks and routes. */
  readonly routes: (app: FastifyInstance) => void;
}

/** An HTTP server that listens. */
export interface Listener {
  /** Origin under which this machine reaches it. */
  readonly url: string;
  /** Ends when every request that arrived is answered, at most `CLOSE_WITHIN_MS` later. */
  readonly close: () => Promise<void>;
}

/** Clients that do not end their requests are cut off then, so that they cannot hold a restart up. */
const CLOSE_WITHIN_MS = 2_000;
const MAX_HEADER_BYTES = 8_192;
/** A domain or the node of a registration. */
const MAX_PARAMETER_LENGTH = 255;
/** Longer than scrapers and load balancers keep a socket idle between requests would be of no use. */
const KEEP_ALIVE_MS = 65_000;

/**
 * Starts an HTTP server, HTTPS when `tls` is given, with limits to everything a caller can make it hold.
 * @throws the system's error when the address cannot be had
 */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { host, port, tls, limits, trustProxy = [], clock, log, describeFailure, routes } = options;
  const isTrustedProxy = createTrustedProxies(trustProxy);
  const app = fastify({
    logger: false,
    allowErrorHandlerOverride: false,
    bodyLimit: limits.maxBodyBytes,
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    // What does not match a route's schema is refused as it stands, not turned into what would match.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
    trustProxy: (entry) => isTrustedProxy(readAddress(entry) ?? ''),
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    serverFactory: (handler) => createBoundedServer(handler, tls, limits),
  });
  const noteForwarding = watchForwarding({ isTrustedProxy, clock, log });
  app.addHook('onRequest', async (request) => noteForwarding(request));
  app.addHook('onSend', async (_, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });
  app.setNotFoundHandler((_, reply) => reply.code(404).send({ error: 'not found' }));
  app.setErrorHandler((error, _, reply) => {
    const status = statusOf(error);
    if (status >= 500) log.error({ reason: errorCode(error), status }, 'cannot answer an HTTP request');
    return reply.code(status).send(describeFailure(status));
  });
  routes(app);
  limitConnections(app.server, { limits, isTrustedProxy, clock, log });
  await app.listen({ host, port });

  return {
    url: originOf(app.server.address() as AddressInfo, tls !== undefined),
    async close() {
      const cancel = clock.after(CLOSE_WITHIN_MS, () => app.server.closeAllConnections());
      await app.close();
      cancel();
    },
  };
}

function createBoundedServer(handler: RequestListener, tls: ListenAddress['tls'], limits: ListenerLimits): Server {
  const options: ServerOptions = {
    requestTimeout: limits.requestTimeoutMs,
    headersTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: Math.ceil(limits.requestTimeoutMs / 4),
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  return tls
    ? createTlsServer(
        { ...options, cert: tls.cert, key: tls.key.reveal(), handshakeTimeout: limits.requestTimeoutMs },
        handler,
      )
    : createServer(options, handler);
}

function statusOf(error: unknown): number {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500;
}

function originOf({ address, family, port }: AddressInfo, tls: boolean): string {
  const own = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  return `${tls ? 'https' : 'http'}://${family === 'IPv6' ? `[${own}]` : own}:${port}`;
}
