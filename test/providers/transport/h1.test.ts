import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { mock, test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createAuthority } from '../../../src/harness/stand-ins/certificates.ts';
import { createTransport } from '../../../src/providers/transport/transport.ts';
import type { PushResult } from '../../../src/core/push.ts';
import { manualClock, turns } from '../../support/clock.ts';
import { fcmScene, type FcmSceneOptions, unhurried } from '../fixtures.ts';
import { deadOrigin, openRelay, type Relay } from './relay.ts';

const delivered = { kind: 'accepted' };
const tokenOf = (index: number) => `device-${index}:APA91bExample`;
/** How many of each outcome. */
function tally(outcomes: readonly PushResult[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) {
    const word = 'reason' in outcome ? `${outcome.kind} ${outcome.reason}` : outcome.kind;
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return counts;
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const sendMany = (scene: { send(token: string): Promise<PushResult> }, count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => scene.send(tokenOf(index))));

async function relayedScene(t: TestContext, options: FcmSceneOptions) {
  let relay: Relay | undefined;
  const scene = await fcmScene(t, {
    ...options,
    async endpoint(origin) {
      relay = await openRelay(t, origin);
      return relay.origin;
    },
  });
  assert.ok(relay);
  return { scene, relay };
}

test('HTTP/1.1 transport - a burst of 2,000 is delivered, over no more than a hundred connections', async (t) => {
  const scene = await fcmScene(t, { ...unhurried(), app: { inFlight: 100 } });
  // A hundred TLS handshakes may take longer than undici allows, so undici's clock stands still.
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  assert.deepEqual(await sendMany(scene, 2000), times(2000, delivered));
  const sends = scene.standIn.received.length;
  assert.equal(sends, 2000);
  // One more for the access token.
  assert.equal(scene.standIn.connections <= 101, true);
});

test('HTTP/1.1 transport - it opens as many connections as the app’s concurrency limit allows', async (t) => {
  for (const inFlight of [1, 7]) {
    const scene = await fcmScene(t, { ...unhurried(), app: { inFlight } });
    assert.deepEqual(await sendMany(scene, 100), times(100, delivered));
    // One more for the access token.
    assert.equal(scene.standIn.connections, inFlight + 1);
  }
});

test('HTTP/1.1 transport - consecutive pushes share their connections', async (t) => {
  const scene = await fcmScene(t);
  for (let index = 0; index < 20; index += 1) assert.deepEqual(await scene.send(), delivered);
  // One for the access token; undici's pool opens a second one while it cleans up the first.
  assert.equal(scene.standIn.connections <= 3, true);
});

test('HTTP/1.1 transport - a message that was accepted is not sent again because its answer did not end', async (t) => {
  const clock = manualClock();
  const scene = await fcmScene(t, { clock });
  assert.deepEqual(await scene.send(), delivered);
  scene.standIn.script(tokenOf(1), { fault: 'stall', times: 1 });
  const seen = scene.standIn.waitFor(({ token }) => token === tokenOf(1), 20_000);
  const stalled = scene.send(tokenOf(1), {}, {}, 500);
  await seen;
  await turns();
  clock.advance(500);
  assert.deepEqual(await stalled, delivered);
});

test('HTTP/1.1 transport - a server that hangs does not get a new connection for each push', async (t) => {
  const scene = await fcmScene(t, { app: { inFlight: 100 } });
  assert.deepEqual(await scene.send(), delivered);
  scene.standIn.script('*', { fault: 'hang' });
  const sent = Array.from({ length: 500 }, (_, index) => scene.send(tokenOf(index), {}, {}, 800 + index));
  for (const { kind } of await Promise.all(sent)) assert.equal(kind, 'retry');
  const { connections } = scene.standIn;
  // A hundred when it begins to hang, and a hundred for each of two new attempts.
  assert.ok(connections <= 305, `${connections} connections`);
});

test('HTTP/1.1 transport - a reset and a body cut in the middle give retry, at once and once', async (t) => {
  for (const fault of ['reset', 'cut'] as const) {
    const scene = await fcmScene(t);
    scene.standIn.script(tokenOf(1), { fault, times: 1 });
    assert.deepEqual(await scene.send(tokenOf(1)), { kind: 'retry', reason: 'connection', scope: 'app' }, fault);
    assert.deepEqual(await scene.send(tokenOf(1)), delivered);
    assert.equal(scene.standIn.received.length, 2);
  }
});

test('HTTP/1.1 transport - empty, HTML and endless bodies do not affect the status', async (t) => {
  const scene = await fcmScene(t);
  const bodies = ['', '<html><body>Bad gateway</body></html>', '{"error":', 'x'.repeat(200_000)];
  for (const [index, body] of bodies.entries()) {
    scene.standIn.script(tokenOf(index), { status: 502, body });
    assert.deepEqual(await scene.send(tokenOf(index)), { kind: 'retry', reason: '-', scope: 'app' });
  }
  assert.deepEqual(await scene.send(), delivered);
});

test('HTTP/1.1 transport - one 500 among healthy requests harms no other', async (t) => {
  const scene = await fcmScene(t);
  for (const index of [0, 1, 2]) scene.standIn.script(tokenOf(index), { delayMs: 50 });
  scene.standIn.script(tokenOf(3), { reason: 'INTERNAL' });
  const outcomes = await sendMany(scene, 4);
  assert.deepEqual(outcomes, [...times(3, delivered), { kind: 'retry', reason: 'INTERNAL', scope: 'app' }]);
});

test('HTTP/1.1 transport - a push that hangs ends by its deadline and does not affect others', async (t) => {
  const scene = await fcmScene(t);
  assert.deepEqual(await scene.send(), delivered);
  scene.standIn.script(tokenOf(0), { fault: 'hang' });
  const hanging = scene.send(tokenOf(0), {}, {}, 600);
  for (let index = 1; index < 20; index += 1) assert.deepEqual(await scene.send(tokenOf(index)), delivered);
  assert.deepEqual(await hanging, { kind: 'retry', reason: 'timeout', scope: 'app' });
});

test(
  'HTTP/1.1 transport - a path that is silent for two seconds is avoided before any deadline',
  { timeout: 30_000 },
  async (t) => {
    const clock = manualClock();
    const { scene, relay } = await relayedScene(t, { clock });
    assert.deepEqual(await sendMany(scene, 10), times(10, delivered));
    relay.blackHole();
    const lost = scene.send(tokenOf(0));
    await setImmediate();
    clock.advance(2001);
    assert.deepEqual(await sendMany(scene, 10), times(10, delivered));
    clock.advance(28_000);
    assert.deepEqual(await lost, { kind: 'retry', reason: 'timeout', scope: 'app' });
    assert.deepEqual(await sendMany(scene, 10), times(10, delivered));
  },
);

test('HTTP/1.1 transport - a port without listener gives retry within the deadline', async (t) => {
  const scene = await fcmScene(t, { endpoint: deadOrigin });
  const outcomes = await sendMany(scene, 1000);
  assert.deepEqual(tally(outcomes), { 'retry connection-refused': 1000 });
});

test('HTTP/1.1 transport - idle connections that the server ended are replaced unseen', async (t) => {
  const scene = await fcmScene(t);
  assert.deepEqual(await sendMany(scene, 10), times(10, delivered));
  scene.standIn.dropConnections();
  await setImmediate();
  await setImmediate();
  const outcomes = await sendMany(scene, 10);
  assert.deepEqual(outcomes, times(10, delivered));
});

for (const [server, header] of [
  ['that names no time, as Google', undefined],
  ['that allows two hours', 'timeout=7200'],
] as const) {
  test(`HTTP/1.1 transport - an idle connection to a server ${server}, is kept for an hour`, async (t) => {
    mock.timers.enable({ apis: ['setTimeout'] });
    t.after(() => mock.timers.reset());
    const authority = await createAuthority();
    const { certificate, key } = await authority.issue(['127.0.0.1']);
    // 0: the server closes nothing by itself and says nothing about it.
    const provider = createServer({ cert: certificate, key, keepAliveTimeout: 0 }, (_request, response) => {
      response.writeHead(200, { connection: 'keep-alive', ...(header && { 'keep-alive': header }) }).end('{}');
    });
    let connections = 0;
    provider.on('secureConnection', () => (connections += 1));
    await once(provider.listen(0, '127.0.0.1'), 'listening');
    const clock = manualClock();
    const transport = createTransport({
      origin: `https://127.0.0.1:${(provider.address() as AddressInfo).port}`,
      protocol: 'h1',
      inFlight: 1,
      ca: authority.certificate,
      identity: undefined,
      clock,
      random: Math.random,
    });
    t.after(async () => {
      provider.closeAllConnections();
      provider.close();
      await transport.drain();
    });
    const request = { path: '/', headers: {}, body: Buffer.from('{}'), deadlineMs: 30_000 };
    const idleFor = async (minutes: number) => {
      // undici cleans up after an answer in the next turn.
      await turns();
      clock.advance(minutes * 60_000);
      mock.timers.tick(minutes * 60_000);
      await turns();
    };
    assert.equal((await transport.send(request)).kind, 'answer');
    await idleFor(59);
    assert.equal((await transport.send(request)).kind, 'answer');
    assert.equal(connections, 1);
    await idleFor(61);
    assert.equal((await transport.send(request)).kind, 'answer');
    assert.equal(connections, 2);
  });
}

test('HTTP/1.1 transport - drain refuses new requests and waits for those in flight', async (t) => {
  const scene = await fcmScene(t);
  assert.deepEqual(await scene.send(), delivered);
  scene.standIn.script(tokenOf(0), { delayMs: 100 });
  const slow = scene.send(tokenOf(0));
  const drained = scene.provider.drain();
  assert.deepEqual(await scene.send(tokenOf(1)), { kind: 'retry', reason: 'closed', scope: 'app' });
  await drained;
  assert.deepEqual(await slow, delivered);
});
