import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Agent, request as send } from 'undici';
import { createSecret } from '../../src/core/secret.ts';
import { createAuthority } from '../../src/harness/stand-ins/certificates.ts';
import { createPublicListener, type PublicListenerOptions } from '../../src/http/public.ts';
import type { RegistrationMatch } from '../../src/core/registration.ts';
import { manualClock, soon, turnsUntil } from '../support/clock.ts';
import { quietTelemetry, recordedLog } from '../support/telemetry.ts';

async function start(t: TestContext, options: Partial<PublicListenerOptions> = {}) {
  const clock = manualClock();
  const asked: RegistrationMatch[] = [];
  const { metrics } = quietTelemetry();
  const { log, lines } = recordedLog();
  const listener = await createPublicListener({
    host: '127.0.0.1',
    port: 0,
    trustProxy: ['loopback'],
    domains: ['push.example.org'],
    unregister: (match) => {
      asked.push(match);
      return Promise.resolve(1);
    },
    clock,
    log,
    metrics,
    ...options,
  });
  t.after(() => listener.close());
  return { ...listener, clock, asked, metrics, lines };
}

/** Sends bytes as they are and gives back what comes until the server ends the connection. */
async function exchange(url: string, ...parts: readonly string[]): Promise<string> {
  const socket = connectTo(url);
  for (const part of parts) socket.write(part);
  return readAll(socket);
}

function connectTo(url: string): Socket {
  const { hostname, port } = new URL(url);
  return connect(Number(port), hostname).on('error', () => {});
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)));
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

function post(
  body: string,
  { path = '/unregister-device/push.example.org', headers = 'Content-Type: application/json\r\n' } = {},
) {
  return `POST ${path} HTTP/1.1\r\nHost: push.example.org\r\nConnection: close\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const siskin = '{"account":"romeo@example.net","provider":"tigase:messenger:apns:1","device-token":"9F3C"}';
const match = { account: 'romeo@example.net', token: '9F3C' };

test('unregister over HTTP - the request of Siskin and its answer, to the byte', async (t) => {
  const { url, asked } = await start(t);
  const answer = await exchange(url, post(siskin));
  assert.equal(
    answer.replace(/\r\nDate: [^\r]+/, ''),
    'HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\n' +
      'cache-control: no-store\r\nx-content-type-options: nosniff\r\ncontent-length: 20\r\nConnection: close\r\n\r\n{"result":"success"}',
  );
  assert.deepEqual(asked, [match]);
});

const accepted: readonly [string, string][] = [
  ['the second path of Siskin', post(siskin, { path: '/rest/push/unregister-device/push.example.org' })],
  ['a JID in capital letters', post(siskin, { path: '/unregister-device/PUSH.example.ORG' })],
  ['a percent-encoded JID', post(siskin, { path: '/unregister-device/push%2Eexample%2Eorg' })],
  ['a content type with charset', post(siskin, { headers: 'Content-Type: application/json; charset=utf-8\r\n' })],
  ['another content type', post(siskin, { headers: 'Content-Type: text/plain\r\n' })],
  ['no content type', post(siskin, { headers: '' })],
  ['the foreign provider id of Snikket', post(siskin.replace('tigase:messenger', 'snikket'))],
  ['no provider', post('{"device-token":"9F3C","account":"romeo@example.net","more":[1]}')],
  ['an encoded @', post(siskin.replace('@', '\\u0040'))],
];

for (const [what, request] of accepted) {
  test(`unregister over HTTP - ${what} is accepted`, async (t) => {
    const { url, asked } = await start(t);
    const answer = await exchange(url, request);
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.match(answer, /\{"result":"success"\}$/);
    assert.deepEqual(asked, [match]);
  });
}

test('unregister over HTTP - a device that is not known is a success', async (t) => {
  const { url } = await start(t, { unregister: () => Promise.resolve(0) });
  assert.match(await exchange(url, post(siskin)), /^HTTP\/1\.1 200 [\s\S]*\{"result":"success"\}$/);
});

test('unregister over HTTP - a failing store is a failure that Siskin does not repeat', async (t) => {
  const { url, lines } = await start(t, {
    unregister: () => Promise.reject(new Error('disk full, romeo@example.net')),
  });
  assert.match(await exchange(url, post(siskin)), /^HTTP\/1\.1 200 [\s\S]*\{"result":"failure"\}$/);
  assert.match(lines.join(''), /cannot unregister a device/);
  assert.doesNotMatch(lines.join(''), /romeo|9F3C/);
});

const refused: readonly [string, string, RegExp][] = [
  ['a JID that is not ours', post(siskin, { path: '/unregister-device/push.example.com' }), /^HTTP\/1\.1 404 /],
  [
    'a JID that is no component but starts like one',
    post(siskin, { path: '/unregister-device/push.example.org.evil' }),
    /^HTTP\/1\.1 404 /,
  ],
  ['text that is not JSON', post('account=romeo'), /^HTTP\/1\.1 200 /],
  ['no body', post(''), /^HTTP\/1\.1 200 /],
  ['a list', post('[]'), /^HTTP\/1\.1 200 /],
  ['no token', post('{"account":"romeo@example.net"}'), /^HTTP\/1\.1 200 /],
  ['an empty token', post('{"account":"romeo@example.net","device-token":""}'), /^HTTP\/1\.1 200 /],
  ['a token that is no text', post('{"account":"romeo@example.net","device-token":{"$gt":""}}'), /^HTTP\/1\.1 200 /],
  ['a body of 4097 bytes', post(siskin.padEnd(4_097)), /^HTTP\/1\.1 413 /],
  ['a content type that is none', post(siskin, { headers: 'Content-Type: ;;\r\n' }), /^HTTP\/1\.1 415 /],
];

for (const [what, request, status] of refused) {
  test(`unregister over HTTP - ${what} is a failure`, async (t) => {
    const { url, asked } = await start(t);
    const answer = await exchange(url, request);
    assert.match(answer, status);
    assert.match(answer, /\{"result":"failure"\}$/);
    assert.deepEqual(asked, []);
  });
}

test('unregister over HTTP - 4096 bytes are accepted', async (t) => {
  const { url, asked } = await start(t);
  assert.match(await exchange(url, post(siskin.padEnd(4_096))), /\{"result":"success"\}$/);
  assert.deepEqual(asked, [match]);
});

test('unregister over HTTP - other paths and methods are not found', async (t) => {
  const { url, asked } = await start(t);
  for (const line of [
    'GET /unregister-device/push.example.org',
    'GET /',
    'GET /metrics',
    'POST /unregister-device/',
    'POST /unregister-device/%ff',
  ]) {
    const answer = await exchange(url, `${line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 40[04] /, line);
    assert.doesNotMatch(answer, /success|sealpost|fastify|node|server:/i);
  }
  assert.deepEqual(asked, []);
});

test('unregister over HTTP - an address over its limit is told to wait', async (t) => {
  const { url, clock, metrics } = await start(t);
  const answers = [];
  for (let i = 0; i < 31; i++) answers.push(await exchange(url, post(siskin)));
  assert.equal(answers.filter((answer) => answer.startsWith('HTTP/1.1 200 ')).length, 30);
  assert.match(answers.at(-1) ?? '', /^HTTP\/1\.1 429 [\s\S]*retry-after: 1\r\n[\s\S]*\{"result":"failure"\}$/);
  assert.match(
    await metrics.registry.metrics(),
    /unregister_requests_total\{answer="success"\} 30\n.*\{answer="failure"\} 0\n.*\{answer="limited"\} 1\n/,
  );
  clock.advance(1_000);
  assert.match(await exchange(url, post(siskin)), /^HTTP\/1\.1 200 /);
});

for (const { trustProxy, expected } of [
  { trustProxy: ['loopback'], expected: 200 },
  { trustProxy: ['127.0.0.0/8'], expected: 200 },
  { trustProxy: ['10.0.0.0/8'], expected: 429 },
  { trustProxy: [], expected: 429 },
]) {
  test(`unregister over HTTP - behind a proxy that is ${expected === 200 ? '' : 'not '}trusted (${trustProxy.join()}), phones are ${expected === 200 ? '' : 'not '}told apart`, async (t) => {
    const { url } = await start(t, { trustProxy });
    const ask = (phone: string) =>
      exchange(url, post(siskin, { headers: `X-Forwarded-For: 203.0.113.9, ${phone}\r\n` }));
    for (let i = 0; i < 30; i++) await ask('192.0.2.1');
    assert.match(await ask('192.0.2.1'), /^HTTP\/1\.1 429 /);
    assert.match(await ask('192.0.2.2'), new RegExp(`^HTTP/1\\.1 ${expected} `));
  });
}

test('unregister over HTTP - nothing of a request is logged', async (t) => {
  const { url, lines } = await start(t);
  await exchange(url, post(siskin));
  await exchange(url, post(siskin, { path: '/unregister-device/romeo@push.example.com' }));
  await exchange(url, 'romeo\r\n\r\n');
  assert.deepEqual(lines, []);
});

const limits = { maxBodyBytes: 4_096, maxConnections: 2, maxConnectionsPerAddress: 2, requestTimeoutMs: 40 };

test('unregister over HTTP - an unfinished request is cut off', async (t) => {
  const { url, asked } = await start(t, { limits });
  const answers = await Promise.all([
    exchange(url, post(siskin).slice(0, -1)),
    exchange(url, 'POST /unregister-device/push.example.org HTTP/1.1\r\nHost: a\r\n'),
  ]);
  for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 408 /);
  assert.deepEqual(asked, []);
});

test('unregister over HTTP - sockets beyond the limit are closed at once', async (t) => {
  const { url } = await start(t, { limits: { ...limits, requestTimeoutMs: 60_000 } });
  const held = [connectTo(url), connectTo(url)];
  await Promise.all(held.map((socket) => once(socket, 'connect')));
  const answer = await exchange(url, post(siskin));
  for (const socket of held) socket.destroy();
  assert.equal(answer, '');
});

test('unregister over HTTP - endless headers are refused', async (t) => {
  const { url } = await start(t);
  assert.match(await exchange(url, post(siskin, { headers: `X: ${'x'.repeat(9_000)}\r\n` })), /^HTTP\/1\.1 431 /);
});

test('unregister over HTTP - closing waits for requests that are being answered', async (t) => {
  const arrived = Promise.withResolvers<void>();
  const committed = Promise.withResolvers<number>();
  const { url, close } = await start(t, {
    unregister: () => {
      arrived.resolve();
      return committed.promise;
    },
  });
  const answer = exchange(url, post(siskin));
  await soon('the request', arrived.promise);
  const closed = close();
  committed.resolve(1);
  assert.match(await answer, /\{"result":"success"\}$/);
  await closed;
});

test('unregister over HTTP - closing waits two seconds for unfinished requests', async (t) => {
  const { url, close, clock } = await start(t);
  const socket = connectTo(url);
  const answer = readAll(socket);
  socket.write(post(siskin));
  socket.write('POST /unregister-device/push.example.org HTTP/1.1\r\nContent-Length: 9\r\n\r\n');
  const half = connectTo(url);
  half.write(post(siskin).slice(0, -1));
  await answer;
  const closed = close();
  await turnsUntil('it waits', () => clock.waiting > 0);
  clock.advance(2_000);
  await closed;
});

test('unregister over HTTP - with a certificate it speaks HTTPS', async (t) => {
  const authority = await createAuthority();
  const { certificate, key } = await authority.issue(['127.0.0.1']);
  const { url } = await start(t, { tls: { cert: certificate, key: createSecret(key) } });
  assert.match(url, /^https:/);
  const dispatcher = new Agent({ connect: { ca: authority.certificate } });
  t.after(() => dispatcher.close());
  const { body } = await send(`${url}/unregister-device/push.example.org`, {
    method: 'POST',
    body: siskin,
    dispatcher,
  });
  assert.deepEqual(await body.json(), { result: 'success' });
});

test('unregister over HTTP - a port in use is an error at the start', async (t) => {
  const { url } = await start(t);
  await assert.rejects(start(t, { port: Number(new URL(url).port) }), { code: 'EADDRINUSE' });
});
