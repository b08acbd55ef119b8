/** One way to a provider: a connection of HTTP/2, or a pool of HTTP/1.1 connections that lives and dies together. */
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { buildConnector, Client, type Dispatcher, Pool } from 'undici';
import type { Clock } from '../clock.ts';
import type { ProxySettings } from '../push.ts';
import { openTunnel, proxyRefusal, proxyTo } from './proxy.ts';
import type { TransportRequest, TransportResult } from './transport.ts';

export interface ConnectionOptions {
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
  readonly on: {
    /** There may be room now. */
    ready(): void;
    /**
     * It could not be made, or is over; over HTTP/1.1: the last one of the pool.
     * @param useful whether it brought an answer.
     * @param reason what ended it: the proxy's refusal or anything else
     */
    ended(useful: boolean, reason: 'connection' | 'proxy'): void;
  };
}

export type ClientIdentity =
  | { readonly kind: 'pem'; readonly certificate: string; readonly key: string; readonly passphrase?: string }
  | { readonly kind: 'pkcs12'; readonly file: Uint8Array; readonly passphrase?: string };

export interface Connection {
  readonly isConnected: boolean;
  /** Connected, and our credentials accepted. */
  readonly isReady: boolean;
  readonly hasRoom: boolean;
  /** Counts answers and answered pings. */
  readonly signsOfLife: number;
  /** Idle for so long that pings should have been answered, and were not. */
  readonly isStale: boolean;
  /** Since the last request was over, milliseconds; 0 while one is in flight. */
  readonly idleMs: number;
  /** Requests are in flight and for `silenceMs` nothing came back. */
  isSilent(silenceMs: number): boolean;
  /** The peer accepted our credentials: the whole window may be used. */
  accept(): void;
  /** `done` is called once, unless `abort` is called before. */
  send(request: TransportRequest, done: (result: TransportResult) => void): Call;
  /** Takes nothing new any more and closes with its last request. */
  retire(): void;
}

/** A request under way. */
export interface Call {
  /** Gives it up; tells the status of its answer, if that came. */
  abort(): number | undefined;
}

/** Bytes of an answer that are read; Apple's and Google's have a few hundred. */
export const bodyLimit = 64 * 1024;

/** Milliseconds to connect, TLS included: a host that takes longer is as good as down for a push. */
const connectWithinMs = 5_000;

/** undici closes idle connections after 4 s unless told otherwise; Apple wants them kept open. */
const keepAliveMs = 3_600_000;

/** Between PINGs of HTTP/2, milliseconds: often enough for the usual NAT time-outs of minutes. */
const pingEveryMs = 60_000;

/** Two pings missed and then some. */
const staleAfterMs = 2.5 * pingEveryMs;

export function createConnection({ protocol, window, clock, on, ...options }: ConnectionOptions): Connection {
  const { dispatcher, stats } = createDispatcher(protocol, window, { ...options, clock });
  let isAccepted = protocol === 'h1';
  let isUseful = false;
  let isRetired = false;
  let inFlight = 0;
  let signsOfLife = 0;
  let heardAtMs = clock.monotonic();
  let usedAtMs = heardAtMs;
  let waitingSinceMs: number | undefined;

  const hear = () => {
    heardAtMs = clock.monotonic();
    waitingSinceMs = inFlight > 0 ? heardAtMs : undefined;
  };
  const end = (useful: boolean, error: unknown) => {
    if (!isRetired && !(protocol === 'h1' && stats().connected > 0)) on.ended(useful, reasonOf(error));
  };

  dispatcher.on('connect', () => {
    hear();
    on.ready();
  });
  dispatcher.on('disconnect', (_origin, _targets, error) => end(isUseful, error));
  dispatcher.on('connectionError', (_origin, _targets, error) => end(false, error));
  // Emitted when a PING is answered, though not in undici's types.
  dispatcher.on('ping' as 'drain', () => {
    signsOfLife += 1;
    hear();
  });

  const close = () => {
    // Not within a callback of its own.
    queueMicrotask(() => void dispatcher.destroy());
  };

  return {
    get isConnected() {
      return stats().connected > 0;
    },
    get isReady() {
      return isAccepted && stats().connected > 0;
    },
    get hasRoom() {
      if (isRetired) return false;
      if (protocol === 'h1') return inFlight < window;
      // Beyond what the peer allows, undici keeps requests waiting: another connection may take them.
      return inFlight < (isAccepted ? window : 1) && stats().pending === 0;
    },
    get signsOfLife() {
      return signsOfLife;
    },
    get isStale() {
      return protocol === 'h2' && inFlight === 0 && clock.monotonic() - heardAtMs > staleAfterMs;
    },
    get idleMs() {
      return inFlight > 0 ? 0 : clock.monotonic() - usedAtMs;
    },
    // While it is being made, `connectWithinMs` watches it.
    isSilent: (silenceMs) =>
      waitingSinceMs !== undefined && clock.monotonic() - waitingSinceMs > silenceMs && stats().connected > 0,
    accept() {
      if (isAccepted) return;
      isAccepted = true;
      on.ready();
    },
    send(request, done) {
      let controller: Dispatcher.DispatchController | undefined;
      let isDone = false;
      let status: number | undefined;
      let headers: Record<string, string | string[] | undefined> = {};
      const chunks: Buffer[] = [];

      const leave = (): boolean => {
        if (isDone) return false;
        isDone = true;
        inFlight -= 1;
        usedAtMs = clock.monotonic();
        if (inFlight === 0) waitingSinceMs = undefined;
        if (isRetired && inFlight === 0) close();
        return true;
      };
      const fail = (error: Error) => {
        const code = (error as { code?: unknown }).code;
        if (!leave()) return;
        if (status !== undefined && code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
          return done({ kind: 'answer', status, headers, body: '' });
        const reason = code === 'UND_ERR_INVALID_ARG' ? 'invalid' : reasonOf(error);
        return done({ kind: 'failure', reason, ...(status !== undefined && { status }) });
      };

      inFlight += 1;
      waitingSinceMs ??= clock.monotonic();
      try {
        dispatcher.dispatch(
          { path: request.path, method: 'POST', headers: request.headers, body: request.body },
          {
            onRequestStart(given) {
              controller = given;
              // Its deadline passed while it waited inside undici.
              if (isDone) given.abort(new Error('too late'));
            },
            onResponseStart(_controller, code, received) {
              status = code;
              headers = received;
              isUseful = true;
              signsOfLife += 1;
              hear();
            },
            onResponseData: (_controller, chunk) => void chunks.push(chunk),
            onResponseEnd() {
              const body = chunks.length === 0 ? '' : Buffer.concat(chunks).toString('utf8');
              if (leave()) done({ kind: 'answer', status: status ?? 0, headers, body });
            },
            onResponseError: (_controller, error) => fail(error),
          },
        );
      } catch (error) {
        fail(error instanceof Error ? error : new Error('dispatch failed'));
      }
      return {
        abort() {
          if (leave()) controller?.abort(new Error('deadline'));
          return status;
        },
      };
    },
    retire() {
      if (isRetired) return;
      isRetired = true;
      if (inFlight === 0) close();
    },
  };
}

function reasonOf(error: unknown): 'connection' | 'proxy' {
  return (error as { code?: unknown } | null)?.code === proxyRefusal ? 'proxy' : 'connection';
}

interface Stats {
  /** Connections that are open: 0 or 1 over HTTP/2. */
  readonly connected: number;
  /** Requests that wait inside undici. */
  readonly pending: number;
}

function createDispatcher(
  protocol: 'h2' | 'h1',
  window: number,
  {
    origin,
    trust,
    proxy,
    identity,
    clock,
  }: Pick<ConnectionOptions, 'origin' | 'trust' | 'proxy' | 'identity' | 'clock'>,
): { dispatcher: Dispatcher; stats: () => Stats } {
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
    return { dispatcher: pool, stats: () => pool.stats };
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
export function createTrust(
  ca: string | undefined,
  identity: ConnectionOptions['identity'],
): SecureContext | undefined {
  if (ca === undefined) return undefined;
  return createSecureContext({ ca: [...getCACertificates('default'), ca], ...tlsIdentity(identity) });
}

/** TLS, with the client certificate, is made inside the tunnel: the proxy sees none of it. */
function through(
  settings: ProxySettings | undefined,
  { origin, clock }: Pick<ConnectionOptions, 'origin' | 'clock'>,
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
