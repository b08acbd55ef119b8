/** Sets undici up for a provider: TLS with our trust and identity, an optional proxy, HTTP/2 or a pool of HTTP/1.1. */
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { buildConnector, Client, type Dispatcher, Pool } from 'undici';
import type { Clock } from '../../time/clock.ts';
import type { ProxySettings } from '../../core/app.ts';
import { openTunnel, proxyTo } from './proxy.ts';

export interface DispatcherOptions {
  /** `https://HOST[:PORT]`. */
  readonly origin: string;
  readonly protocol: 'h2' | 'h1';
  /** Trusted authorities and client certificate; undefined: the system's authorities. */
  readonly trust?: SecureContext | undefined;
  /** Undefined: none. */
  readonly proxy?: ProxySettings | undefined;
  /** The client certificate. */
  readonly identity?: ClientIdentity | undefined;
  readonly window: number;
  readonly clock: Clock;
}

/** A client certificate with its key. */
export type ClientIdentity =
  | { readonly kind: 'pem'; readonly certificate: string; readonly key: string; readonly passphrase?: string }
  | { readonly kind: 'pkcs12'; readonly file: Uint8Array; readonly passphrase?: string };

/** Largest answer body in bytes; answers of Apple and Google have a few hundred. */
const bodyLimit = 64 * 1024;

/** Milliseconds to connect, TLS included. A slower host counts as down. */
const connectWithinMs = 5_000;

/** undici closes idle connections after 4 s by default; Apple asks to keep them open. */
const keepAliveMs = 3_600_000;

/** Milliseconds between two HTTP/2 PINGs; a NAT forgets a silent connection after some minutes. */
export const pingEveryMs = 60_000;

/** Load of a dispatcher. */
export interface Stats {
  /** Open connections; 0 or 1 over HTTP/2. */
  readonly connected: number;
  /** Requests that wait inside undici; none over HTTP/1.1, where each has a connection. */
  readonly pending: number;
}

/** Makes undici's client or pool: long-lived, without time-outs of its own, sending each request at once. */
export function createDispatcher(options: DispatcherOptions): { dispatcher: Dispatcher; stats: () => Stats } {
  const { origin, protocol, trust, proxy, identity, window, clock } = options;
  const isH2 = protocol === 'h2';
  const tls = {
    allowH2: isH2,
    preferH2: isH2,
    timeout: connectWithinMs,
    ...(trust ? { secureContext: trust } : tlsIdentity(identity)),
  };
  const connect = through(proxy, { origin, clock }, buildConnector(tls));
  const common = {
    connect,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    // The deadline of a request covers all of it.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: bodyLimit,
  };
  if (protocol === 'h1') {
    const pool = new Pool(origin, { ...common, allowH2: false, connections: window });
    // Counted here, since the pool's own figures walk all of its connections.
    let connected = 0;
    pool.on('connect', () => (connected += 1));
    pool.on('disconnect', () => (connected -= 1));
    return { dispatcher: pool, stats: () => ({ connected, pending: 0 }) };
  }
  const client = new Client(origin, {
    ...common,
    allowH2: true,
    h2Options: { maxConcurrentStreams: window, pingInterval: pingEveryMs },
  });
  const stats = () => {
    const { connected, pending } = client.stats;
    return { connected: Number(connected), pending };
  };
  return { dispatcher: client, stats };
}

/**
 * Builds the TLS trust once for all connections: reading some hundred certificates blocks the process for milliseconds.
 * `ca` alone would replace the system's authorities, so they are listed too.
 * @param ca PEM of certificate authorities trusted besides the system's; undefined: the system's suffice
 */
export function createTrust(ca: string | undefined, identity: ClientIdentity | undefined): SecureContext | undefined {
  if (ca === undefined) return undefined;
  return createSecureContext({ ca: [...getCACertificates('default'), ca], ...tlsIdentity(identity) });
}

/** Runs TLS inside the proxy's tunnel, so that the proxy sees neither content nor client certificate. */
function through(
  settings: ProxySettings | undefined,
  { origin, clock }: Pick<DispatcherOptions, 'origin' | 'clock'>,
  connect: buildConnector.connector,
): buildConnector.connector {
  const { hostname, port: named } = new URL(origin);
  const port = named === '' ? 443 : Number(named);
  const proxy = proxyTo(hostname, port, settings);
  if (!proxy) return connect;
  return (options, callback) => {
    openTunnel({ hostname, port, proxy, clock }, (error, httpSocket) => {
      if (httpSocket) connect({ ...options, httpSocket }, callback);
      else callback(error ?? new Error('no tunnel'), null);
    });
  };
}

function tlsIdentity(identity: ClientIdentity | undefined): object {
  if (!identity) return {};
  const passphrase = identity.passphrase === undefined ? {} : { passphrase: identity.passphrase };
  if (identity.kind === 'pem') return { cert: identity.certificate, key: identity.key, ...passphrase };
  return { pfx: Buffer.from(identity.file), ...passphrase };
}
