/** How undici reaches a provider: TLS with our trust and identity, through a proxy, over HTTP/2 or a pool of HTTP/1.1. */
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { buildConnector, Client, type Dispatcher, Pool } from 'undici';
import type { Clock } from '../../time/clock.ts';
import type { ProxySettings } from '../../core/app.ts';
import { openTunnel, proxyTo } from './proxy.ts';

export interface DispatcherOptions {
  /** `https://HOST[:PORT]`. */
  readonly origin: string;
  readonly protocol: 'h2' | 'h1';
  /** Whom to trust, and the client certificate; undefined: the system's authorities. */
  readonly trust?: SecureContext | undefined;
  /** On the way there; undefined: none. */
  readonly proxy?: ProxySettings | undefined;
  /** Client certificate: PEM of both, or PKCS#12. */
  readonly identity?: ClientIdentity | undefined;
  readonly window: number;
  readonly clock: Clock;
}

export type ClientIdentity =
  | { readonly kind: 'pem'; readonly certificate: string; readonly key: string; readonly passphrase?: string }
  | { readonly kind: 'pkcs12'; readonly file: Uint8Array; readonly passphrase?: string };

/** Bytes of an answer that are read; Apple's and Google's have a few hundred. */
const bodyLimit = 64 * 1024;

/** Milliseconds to connect, TLS included: a host that takes longer is as good as down for a push. */
const connectWithinMs = 5_000;

/** undici closes idle connections after 4 s unless told otherwise; Apple wants them kept open. */
const keepAliveMs = 3_600_000;

/** Between PINGs of HTTP/2, milliseconds: often enough for the usual NAT time-outs of minutes. */
export const pingEveryMs = 60_000;

export interface Stats {
  /** Connections that are open: 0 or 1 over HTTP/2. */
  readonly connected: number;
  /** Requests that wait inside undici; of HTTP/1.1 none, as each has a connection. */
  readonly pending: number;
}

/** undici's, as a push needs it: long-lived, without time-outs of its own, each request written as it is given. */
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
    // Each request has a deadline of its own, which covers all of it.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: bodyLimit,
  };
  if (protocol === 'h1') {
    const pool = new Pool(origin, { ...common, allowH2: false, connections: window });
    // Counted here, because the pool's own figures walk all of its connections.
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
 * To be made once for all connections, for it reads some hundred certificates: milliseconds during which nothing else
 * happens. The default ones stay trusted; `ca` alone would replace them.
 * @param ca PEM of certificate authorities trusted beside the system's; without it the system's are enough
 */
export function createTrust(ca: string | undefined, identity: ClientIdentity | undefined): SecureContext | undefined {
  if (ca === undefined) return undefined;
  return createSecureContext({ ca: [...getCACertificates('default'), ca], ...tlsIdentity(identity) });
}

/** TLS, with the client certificate, is made inside the tunnel: the proxy sees none of it. */
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
