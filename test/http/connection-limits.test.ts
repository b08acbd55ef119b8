import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { createAuthority } from '../../src/harness/stand-ins/certificates.ts';
import { createPublicListener, type PublicListenerOptions } from '../../src/http/public.ts';
import { manualClock } from '../support/clock.ts';
import { eventually } from '../support/process.ts';
import { createSecret } from '../support/secret.ts';
import { quietTelemetry, recordedLog } from '../support/telemetry.ts';

const request =
  'POST /unregister-device/push.example.org HTTP/1.1\r\nHost: push.example.org\r\nConnection: close\r\n' +
  'Content-Length: 51\r\n\r\n{"account":"romeo@example.net","device-token":"9F"}';

/** The public listener, and clients of it; 127.0.0.2 and up are other addresses of this machine. */
async function start(t: TestContext, options: Partial<PublicListenerOptions> = {}) {
  const clock = manualClock();
  const { metrics } = quietTelemetry();
  const { log, lines } = recordedLog();
  const unregister = () => Promise.resolve(1);
  const listener = await createPublicListener({
    ...{ host: '127.0.0.1', port: 0, trustProxy: [], domains: ['push.example.org'], unregister, clock, log, metrics },
    ...options,
  });
  const sockets = new Set<Socket>();
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await listener.close();
  });
  const open = (localAddress: string): Socket => {
    const socket = connect({ port: Number(new URL(listener.url).port), host: '127.0.0.1', localAddress });
    sockets.add(socket);
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  /** Opens this many silent sockets; resolves with those that stay open once the others are closed. */
  const hold = async (count: number, localAddress: string, kept: number) => {
    const held = Array.from({ length: count }, () => open(localAddress));
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    return eventually('the others are closed', () => {
      const left = held.filter((socket) => !socket.closed);
      return left.length <= kept ? left : undefined;
    });
  };
  const ask = async (localAddress: string) => {
    const socket = open(localAddress);
    let answer = '';
    socket.setEncoding('utf8').on('data', (text) => (answer += String(text)));
    socket.write(request);
    await once(socket, 'close');
    return answer.split('\r\n', 1)[0];
  };
  return { ...listener, clock, lines, open, hold, ask };
}

const ok = 'HTTP/1.1 200 OK';
const limits = { maxConnections: 10, maxConnectionsPerAddress: 3, requestTimeoutMs: 60_000 };

test('connection limits - a client that opens 1,000 sockets keeps a tenth of them, and others are answered', async (t) => {
  const { hold, ask } = await start(t);
  const held = await hold(1_000, '127.0.0.1', 100);
  assert.equal(held.length, 100);
  assert.equal(await ask('127.0.0.2'), ok);
  assert.equal(await ask('127.0.0.1'), '');
});

test('connection limits - a socket that ends makes room for another of its address', async (t) => {
  const { hold, ask } = await start(t, { limits });
  const held = await hold(5, '127.0.0.1', 3);
  assert.equal(await ask('127.0.0.1'), '');
  held[0]?.destroy();
  await eventually('there is room', async () => ((await ask('127.0.0.1')) === ok ? true : undefined));
  assert.equal(await ask('127.0.0.1'), ok);
});

test('connection limits - all addresses together have no more sockets than the total limit', async (t) => {
  const { hold, ask, lines } = await start(t, { limits });
  for (const address of ['127.0.0.1', '127.0.0.2', '127.0.0.3']) await hold(3, address, 3);
  assert.deepEqual(lines, []);
  assert.equal(await ask('127.0.0.4'), ok);
  await hold(1, '127.0.0.4', 1);
  assert.equal(await ask('127.0.0.5'), '');
  assert.match(lines.join(), /"count":10,"msg":"all sockets for clients are in use"/);
});

for (const trustProxy of [['loopback'], ['10.0.0.0/8', '127.0.0.1']]) {
  test(`connection limits - a proxy that is trusted (${trustProxy.join()}) may have all sockets`, async (t) => {
    const { hold, ask } = await start(t, { limits, trustProxy });
    assert.equal((await hold(9, '127.0.0.1', 9)).length, 9);
    assert.equal(await ask('127.0.0.1'), ok);
  });
}

test('connection limits - sockets without a TLS handshake count', async (t) => {
  const authority = await createAuthority();
  const { certificate, key } = await authority.issue(['127.0.0.1']);
  const { hold, open } = await start(t, { limits, tls: { cert: certificate, key: createSecret(key) } });
  assert.equal((await hold(5, '127.0.0.1', 3)).length, 3);
  const socket = open('127.0.0.2');
  const phone = connectTls({ socket, host: '127.0.0.1', ca: authority.certificate });
  t.after(() => phone.destroy());
  await once(phone, 'secureConnect');
});

test('connection limits - an address over its limit is logged once a minute, with what to do', async (t) => {
  const { hold, ask, lines, clock } = await start(t, { limits });
  await hold(20, '127.0.0.1', 3);
  const said = () => lines.filter((line) => line.includes('one address has reached its limit of sockets'));
  assert.equal(said().length, 1);
  assert.match(said().join(), /"count":3,"hint":"If it is your proxy, name it under http.public.trustProxy."/);
  assert.doesNotMatch(lines.join(), /127\.0\.0/);
  clock.advance(60_000);
  await ask('127.0.0.1');
  assert.equal(said().length, 2);
});

test('connection limits - a silent socket is closed within the time for a request', async (t) => {
  const { open } = await start(t, { limits: { ...limits, requestTimeoutMs: 40 } });
  await once(open('127.0.0.1').resume(), 'close');
});
