/** FCM HTTP v1 and Google's OAuth server on loopback: firebase.google.com, "FCM v1 API", `projects.messages.send`. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type Clock, systemClock } from '../../time/clock.ts';
import { type Authority, createAuthority, type ServiceAccount, standInNames } from './certificates.ts';
import type { Script, StandIn } from './contract.ts';
import { checkMessage, errorBody, type FcmError, fcmError, readObject } from './fcm-checks.ts';
import { createAccessTokens, type TokenScript } from './fcm-tokens.ts';
import { createJournal } from './journal.ts';

export interface FcmStandInOptions {
  /** Whose messages and token requests are accepted. */
  readonly account: Pick<ServiceAccount, 'projectId' | 'clientEmail' | 'publicKey'>;
  /** Signs the server's certificate; default: a fresh one. */
  readonly authority?: Authority;
  /** Judges tokens and counts delays. */
  readonly clock?: Clock;
  readonly receivedLimit?: number;
  /** Default: any free one. */
  readonly port?: number;
}

export interface FcmStandIn extends StandIn {
  readonly authority: Authority;
  /** Origin of the OAuth server, path `/token`: the app's `tokenEndpoint`. */
  readonly tokenOrigin: string;
  /** Access tokens given out so far. */
  readonly tokensIssued: number;
  /** Requests for access tokens, those that got none included. */
  readonly tokensAsked: number;
  /** Connections that were ever made, those for tokens included. */
  readonly connections: number;
  /** Makes the OAuth server misbehave; `undefined` ends that. */
  scriptTokens(script: TokenScript | undefined): void;
  /** Makes every access token given out so far invalid. */
  revokeTokens(): void;
  /** Ends every connection without a word, as a dying host does. */
  dropConnections(): void;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly reason?: string;
  readonly detail?: string;
}

/** Bytes of a request that are read; Google's own limit is far above what a message may have. */
const bodyLimit = 64 * 1024;

export async function createFcmStandIn(options: FcmStandInOptions): Promise<FcmStandIn> {
  const { account, clock = systemClock, receivedLimit, port = 0 } = options;
  const authority = options.authority ?? (await createAuthority());
  const { certificate, key } = await authority.issue(standInNames);
  const tokens = createAccessTokens({ account, clock });
  const journal = createJournal({ receivedLimit, clock });
  const sockets = new Set<Socket>();
  let connections = 0;
  const sendPath = /^\/v1\/projects\/([^/]+)\/messages:send$/;

  // Google keeps idle connections for minutes; node's 5 s would make every test of reuse a race.
  const server = createServer({ cert: certificate, key, keepAliveTimeout: 240_000 });
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', ignore);
  });
  server.on('tlsClientError', ignore);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    request.on('error', ignore);
    response.on('error', ignore);
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bodyLimit) chunks.push(chunk);
    });
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      void (request.url === '/token' ? answerToken(response, body) : answerSend(request, response, body));
    });
  });

  async function answerToken(response: ServerResponse, body: Buffer): Promise<void> {
    const answer = await tokens.issue(body.toString('utf8'));
    if (answer === 'hang') return;
    if (answer === 'reset') response.socket?.destroy();
    else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  }

  async function answerSend(request: IncomingMessage, response: ServerResponse, raw: Buffer): Promise<void> {
    const body = parseObject(raw);
    const token = readObject(body?.['message'])?.['token'];
    const device = typeof token === 'string' ? token : '';
    const script = journal.nextScript(device);
    const refusal = check(request, body);
    const waitMs = (script?.readAfterMs ?? 0) + (script?.delayMs ?? 0);
    if (waitMs > 0) await new Promise<void>((run) => void clock.after(waitMs, run));
    const answer = answerOf(refusal, script);
    const silent = script?.fault !== undefined && script.fault !== 'stall';
    journal.record({
      provider: 'fcm',
      token: device,
      headers: plainHeaders(request),
      body: body ?? {},
      bytes: raw.length,
      atMs: clock.now(),
      status: silent ? 0 : answer.status,
      ...(silent || answer.reason === undefined ? {} : { reason: answer.reason }),
      ...(silent || answer.detail === undefined ? {} : { detail: answer.detail }),
    });
    if (script?.fault !== undefined) misbehave(script.fault, response);
    else respond(response, answer, script);
  }

  function check(request: IncomingMessage, body: Record<string, unknown> | undefined): FcmError | undefined {
    const project = sendPath.exec(request.url ?? '')?.[1];
    if (request.method !== 'POST' || project === undefined)
      return fcmError(404, undefined, 'Requested entity was not found.');
    if (!tokens.accepts(request.headers.authorization))
      return fcmError(401, undefined, 'Request had invalid authentication credentials.');
    if (project !== account.projectId)
      return fcmError(403, undefined, `Permission denied on resource project ${project}.`);
    if (!body) return fcmError(400, undefined, 'Invalid JSON payload received.');
    return checkMessage(body);
  }

  function answerOf(refusal: FcmError | undefined, script: Script | undefined): Answer {
    const scripted =
      script?.status === undefined && script?.reason === undefined ? undefined : fcmError(script.status, script.reason);
    const error = scripted ?? refusal;
    if (!error || error.code === 200)
      return {
        status: 200,
        body: JSON.stringify({ name: `projects/${account.projectId}/messages/${randomUUID()}` }),
      };
    const detail = scripted ? {} : { detail: error.message };
    return { status: error.code, body: errorBody(error), reason: error.errorCode ?? error.status, ...detail };
  }

  const listen = (at: number) => new Promise<void>((listening) => server.listen(at, '127.0.0.1', listening));
  await listen(port);
  const { port: bound } = server.address() as AddressInfo;
  const origin = `https://127.0.0.1:${bound}`;

  async function closePort(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await closed;
  }

  return {
    origin,
    tokenOrigin: origin,
    ca: authority.certificate,
    authority,
    ...journal.view,
    script: (token, script) => journal.script(token, script),
    schedule: journal.schedule,
    get connections() {
      return connections;
    },
    get tokensIssued() {
      return tokens.issued;
    },
    get tokensAsked() {
      return tokens.asked;
    },
    scriptTokens: (script) => tokens.script(script),
    revokeTokens: () => tokens.revoke(),
    dropConnections() {
      for (const socket of sockets) socket.destroy();
    },
    closePort,
    openPort: () => listen(bound),
    close: closePort,
  };
}

function respond(response: ServerResponse, answer: Answer, script: Script | undefined): void {
  response.writeHead(answer.status, {
    'content-type': 'application/json; charset=UTF-8',
    ...(script?.retryAfter === undefined ? {} : { 'retry-after': script.retryAfter }),
  });
  response.end(script?.body ?? answer.body);
}

function misbehave(fault: NonNullable<Script['fault']>, response: ServerResponse): void {
  switch (fault) {
    case 'hang':
      return;
    case 'cut':
      response.writeHead(404, { 'content-type': 'application/json', 'content-length': 1000 });
      response.write('{"error":', () => response.socket?.destroy());
      return;
    case 'stall':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
      response.write('{"name":');
      return;
    case 'reset':
    // The rest are frames of HTTP/2; the nearest thing here is the end of the connection.
    case 'cancel':
    case 'goaway':
    case 'goaway-unprocessed':
      response.socket?.destroy();
      return;
  }
}

function parseObject(raw: Buffer): Record<string, unknown> | undefined {
  try {
    return readObject(JSON.parse(raw.toString('utf8')));
  } catch {
    return undefined;
  }
}

function plainHeaders({ headers }: IncomingMessage): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) plain[name] = String(value);
  return plain;
}

function ignore(): void {
  // Connections break here on purpose.
}
