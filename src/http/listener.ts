import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fastify, type FastifyInstance } from 'fastify';
import type { Clock } from '../time/clock.ts';
import type { Secret } from '../core/secret.ts';
import { errorCode } from '../telemetry/error-code.ts';
import type { Log } from '../telemetry/log.ts';
import { readAddress, watchForwarding } from './caller.ts';
import { type ConnectionLimits, limitConnections } from './connection-limits.ts';
import { createTrustedProxies } from './trusted-proxies.ts';

/** Limits of a listener. Each purpose has its own defaults. */
export interface ListenerLimits extends ConnectionLimits {
  /** Bytes of a request body. */
  readonly maxBodyBytes: number;
  /** Milliseconds from connecting, or from the first byte of a request, until the request is complete. */
  readonly requestTimeoutMs: number;
}

/** Address to listen on. */
export interface ListenAddress {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** PEM texts; without them the listener speaks HTTP. */
  readonly tls?: { readonly cert: string; readonly key: Secret };
}

export interface ListenerOptions extends ListenAddress {
  readonly limits: ListenerLimits;
  /** Proxies whose `X-Forwarded-For` is trusted; see `createTrustedProxies`. */
  readonly trustProxy?: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** Body of the answer to a failed request. It must not contain the error's message, which may quote the request. */
  readonly describeFailure: (status: number) => object;
  /** Adds hooks and routes. */
  readonly routes: (app: FastifyInstance) => void;
}

/** A running HTTP server. */
export interface Listener {
  /** Origin at which this machine reaches it. */
  readonly url: string;
  /** Resolves when every request that arrived is answered, within `CLOSE_WITHIN_MS`. */
  readonly close: () => Promise<void>;
}

/** Milliseconds after which unfinished requests are cut off, so that clients cannot delay a restart. */
const CLOSE_WITHIN_MS = 2_000;
const MAX_HEADER_BYTES = 8_192;
/** Longest path parameter: a domain or a node. */
const MAX_PARAMETER_LENGTH = 255;
/** At least as long as scrapers and load balancers keep an idle socket. */
const KEEP_ALIVE_MS = 65_000;

/**
 * Starts an HTTP server, or HTTPS if `tls` is given. Everything that a caller can make it hold is limited.
 * @throws the system's error if the address is not available
 */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { host, port, tls, limits, trustProxy = [], clock, log, describeFailure, routes } = options;
  const isTrustedProxy = createTrustedProxies(trustProxy);
  const app = fastify({
    logger: false,
    allowErrorHandlerOverride: false,
    bodyLimit: limits.maxBodyBytes,
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    // A body that does not match the schema of its route is refused, not converted.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
    trustProxy: (entry) => isTrustedProxy(readAddress(entry) ?? ''),
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    serverFactory: (handler) => createBoundedServer(handler, tls, limits),
  });
  const checkForwarding = watchForwarding({ isTrustedProxy, clock, log });
  app.addHook('onRequest', async (request) => checkForwarding(request));
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
