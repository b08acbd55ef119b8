/** APNs on loopback: developer.apple.com, "Sending notification requests to APNs". */
import { randomUUID } from 'node:crypto';
import {
  constants,
  createSecureServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Clock, systemClock } from '../../time/clock.ts';
import { type ApnsWorld, checkRequest, checkRoute, parseJson, readObject, tokenOf } from './apns-checks.ts';
import { createProviderTokens, type RegisteredKey, type SeenTokens } from './apns-tokens.ts';
import { type Authority, createAuthority, standInNames } from './certificates.ts';
import type { Script, StandIn } from './contract.ts';
import { createJournal } from './journal.ts';

export interface ApnsStandInOptions extends ApnsWorld {
  /** Signs the server's certificate and is the one that client certificates must come from; default: a fresh one. */
  readonly authority?: Authority;
  readonly keys?: readonly RegisteredKey[];
  /** Judges the age of provider tokens and counts delays. */
  readonly clock?: Clock;
  /** Streams that a connection may have open at a time; default 1000, as Apple advertises. */
  readonly maxStreams?: number;
  /** Allow one stream until a connection brought a valid provider token, as Apple does. */
  readonly oneStreamUntilToken?: boolean;
  readonly receivedLimit?: number;
  /** Bytes of a request's body that a sender may be ahead of the reading; default 65,535, HTTP/2's own. */
  readonly streamWindow?: number;
  /** Default: any free one. */
  readonly port?: number;
}

export interface ApnsStandIn extends StandIn {
  readonly authority: Authority;
  /** Connections that were ever made. */
  readonly connections: number;
  /** Those of them that are open. */
  readonly openConnections: number;
  /** Ends every connection without a word, as a dying host does. */
  dropConnections(): void;
}

interface Connection {
  readonly seen: SeenTokens;
  /** Streams above it are not processed: this connection said GOAWAY. */
  lastStreamId: number;
  restricted: boolean;
}

interface Answer {
  readonly status: number;
  readonly reason?: string;
}

export async function createApnsStandIn(options: ApnsStandInOptions): Promise<ApnsStandIn> {
  const {
    clock = systemClock,
    maxStreams = 1000,
    oneStreamUntilToken = false,
    receivedLimit,
    streamWindow,
    port = 0,
  } = options;
  const authority = options.authority ?? (await createAuthority());
  const { certificate, key } = await authority.issue(standInNames);
  const tokens = createProviderTokens({ keys: options.keys ?? [], clock });
  const journal = createJournal({ receivedLimit, clock });
  const sockets = new Set<Socket>();
  const connections = new WeakMap<Http2Session, Connection>();
  let connectionCount = 0;

  const server = createSecureServer({
    cert: certificate,
    key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: false,
    settings: {
      maxConcurrentStreams: oneStreamUntilToken ? 1 : maxStreams,
      ...(streamWindow !== undefined && { initialWindowSize: streamWindow }),
    },
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', ignore);
  });
  server.on('session', (session) => {
    connectionCount += 1;
    connections.set(session, {
      seen: new Map(),
      lastStreamId: Number.POSITIVE_INFINITY,
      restricted: oneStreamUntilToken,
    });
    session.on('error', ignore);
  });
  server.on('sessionError', ignore);
  server.on('stream', (stream, headers) => {
    stream.on('error', ignore);
    const connection = stream.session && connections.get(stream.session);
    if (!connection || (stream.id ?? 0) > connection.lastStreamId) return;
    const script = journal.nextScript(tokenOf(String(headers[':path'])));
    // Said as soon as the stream opens: those after it must not be processed either.
    if (script?.fault === 'goaway-unprocessed') refuseFrom(stream, connection);
    const chunks: Buffer[] = [];
    const read = () => {
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => void answerStream(stream, headers, Buffer.concat(chunks), connection, script));
    };
    if (script?.readAfterMs === undefined) read();
    else clock.after(script.readAfterMs, read);
  });

  async function answerStream(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    body: Buffer,
    connection: Connection,
    script: Script | undefined,
  ): Promise<void> {
    const path = String(headers[':path']);
    const checked = await check(stream, headers, body, connection);
    if (script?.delayMs !== undefined) await new Promise<void>((run) => void clock.after(script.delayMs ?? 0, run));
    const sent = readObject(parseJson(body));
    // Broken off in the middle: it never came.
    if (stream.destroyed && !sent) return;
    const answer: Answer = script?.status === undefined ? (checked ?? { status: 200 }) : scripted(script);
    // Who has gone away meanwhile is told nothing, and yet it came.
    const silent = stream.destroyed || (script?.fault !== undefined && !answering.has(script.fault));
    journal.record({
      provider: 'apns',
      token: tokenOf(path),
      headers: plainHeaders(headers),
      body: sent ?? {},
      bytes: body.length,
      atMs: clock.now(),
      status: silent ? 0 : answer.status,
      ...(silent || answer.reason === undefined ? {} : { reason: answer.reason }),
    });
    if (stream.destroyed) return;
    if (script?.fault !== undefined) misbehave(script.fault, stream);
    if (!silent && script?.fault !== 'stall')
      respond(stream, headers, answer, { ...script, timestampMs: script?.timestampMs ?? clock.now() });
  }

  async function check(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    body: Buffer,
    connection: Connection,
  ): Promise<Answer | undefined> {
    const route = { method: String(headers[':method']), path: String(headers[':path']) };
    const misrouted = checkRoute(route);
    if (misrouted) return misrouted;
    const { authorization } = headers;
    if (authorization === undefined) {
      if (!isCertified(stream, clock.now())) return { status: 403, reason: 'MissingProviderToken' };
    } else {
      const refused = await tokens.judge(authorization, connection.seen);
      if (refused) return refused;
      if (connection.restricted) {
        connection.restricted = false;
        stream.session?.settings({ maxConcurrentStreams: maxStreams });
      }
    }
    const withToken = authorization !== undefined;
    return checkRequest({ ...route, headers: plainHeaders(headers), body, withToken }, options);
  }

  const listen = (at: number) => new Promise<void>((listening) => server.listen(at, '127.0.0.1', listening));
  await listen(port);
  const { port: bound } = server.address() as AddressInfo;

  async function closePort(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await closed;
  }

  return {
    origin: `https://127.0.0.1:${bound}`,
    ca: authority.certificate,
    authority,
    ...journal.view,
    script: (token, script) => journal.script(token === '*' ? token : token.toLowerCase(), script),
    schedule: journal.schedule,
    get connections() {
      return connectionCount;
    },
    get openConnections() {
      return sockets.size;
    },
    dropConnections() {
      for (const socket of sockets) socket.destroy();
    },
    closePort,
    openPort: () => listen(bound),
    close: closePort,
  };
}

/** Whether the connection showed a certificate of ours that is still good; one that resumes a session shows none anew. */
function isCertified(stream: ServerHttp2Stream, nowMs: number): boolean {
  const socket = stream.session?.socket as TLSSocket | undefined;
  return socket?.authorized === true && Date.parse(socket.getPeerCertificate().valid_to) > nowMs;
}

/** Faults that come with an answer: 'goaway' ends the connection but not this request. */
const answering: ReadonlySet<Script['fault']> = new Set(['goaway', 'stall']);

function scripted({ status = 200, reason }: Script): Answer {
  return { status, ...(reason === undefined ? {} : { reason }) };
}

function respond(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, answer: Answer, script: Script): void {
  if (stream.destroyed || stream.closed) return;
  const id = headers['apns-id'];
  const { retryAfter, timestampMs: timestamp } = script;
  // Apple tells of every dead token since when it is dead; unless scripted, since now.
  const dead = answer.status === 410 && { timestamp };
  const own = answer.status === 200 ? '' : JSON.stringify({ reason: answer.reason, ...dead });
  stream.respond({
    ':status': answer.status,
    'apns-id': typeof id === 'string' ? id : randomUUID().toUpperCase(),
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
  });
  stream.end(script.body ?? own);
}

function misbehave(fault: NonNullable<Script['fault']>, stream: ServerHttp2Stream): void {
  switch (fault) {
    case 'hang':
    case 'goaway-unprocessed':
      return;
    case 'reset':
      stream.session?.destroy();
      return;
    case 'cancel':
      stream.close(constants.NGHTTP2_CANCEL);
      return;
    case 'cut':
      stream.respond({ ':status': 410, 'content-length': 1000 });
      stream.write('{"reason":', () => stream.session?.destroy());
      return;
    case 'stall':
      stream.respond({ ':status': 200, 'content-length': 1000 });
      return;
    case 'goaway':
      // Says GOAWAY, and ends the connection once the open streams are answered.
      stream.session?.close();
      return;
  }
}

/** GOAWAY with a last stream id below this one: neither it nor a later stream of the connection is processed. */
function refuseFrom(stream: ServerHttp2Stream, connection: Connection): void {
  const id = stream.id ?? 1;
  connection.lastStreamId = id - 1;
  // node:http2 takes 0 for "the last one processed", so the very first stream is refused by itself.
  if (id === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM);
  stream.session?.goaway(constants.NGHTTP2_NO_ERROR, Math.max(0, id - 2));
}

function plainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !name.startsWith(':')) plain[name] = String(value);
  return plain;
}

function ignore(): void {
  // Connections break here on purpose.
}
