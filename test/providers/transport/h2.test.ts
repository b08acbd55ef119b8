import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createApnsStandIn } from '../../../src/harness/stand-ins/apns.ts';
import { createAuthority } from '../../../src/harness/stand-ins/certificates.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { createTransport } from '../../../src/providers/transport/transport.ts';
import type { PushResult } from '../../../src/core/push.ts';
import { type ManualClock, manualClock, turns, turnsUntil } from '../../support/clock.ts';
import { eventually } from '../../support/process.ts';
import { apnsScene, type ApnsSceneOptions, unhurried, valuesOf } from '../fixtures.ts';
import { deadOrigin, openRelay, type Relay } from './relay.ts';

const delivered = { kind: 'accepted' };
const tokenOf = (index: number) => index.toString(16).padStart(64, '0');

/** Opens the connection and gets its credentials accepted, so that later pushes are sent at once. */
async function warmScene(t: TestContext, options: ApnsSceneOptions = {}) {
  const scene = await apnsScene(t, options);
  assert.deepEqual(await scene.send(), delivered);
  return scene;
}

async function relayedScene(t: TestContext, options: ApnsSceneOptions) {
  let relay: Relay | undefined;
  const scene = await apnsScene(t, {
    ...options,
    async endpoint(origin) {
      relay = await openRelay(t, origin);
      return relay.origin;
    },
  });
  assert.ok(relay);
  return { scene, relay };
}

const sendMany = (scene: { send(token: string): Promise<PushResult> }, count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => scene.send(tokenOf(index))));

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

const countOf = (outcomes: readonly PushResult[], kind: PushResult['kind']) =>
  outcomes.filter((outcome) => outcome.kind === kind).length;

/** How often each push was accepted. */
function copiesOf(received: readonly { status: number; headers: Readonly<Record<string, string>> }[]): number[] {
  const copies = new Map<string, number>();
  for (const { status, headers } of received) {
    const id = String(headers['apns-id']);
    if (status === 200) copies.set(id, (copies.get(id) ?? 0) + 1);
  }
  return [...copies.values()];
}

test('HTTP/2 transport - a burst of 2,000 without earlier pushes is delivered', async (t) => {
  const scene = await apnsScene(t, unhurried());
  assert.equal(countOf(await sendMany(scene, 2000), 'accepted'), 2000);
  assert.deepEqual(
    copiesOf(scene.standIn.received).every((copies) => copies === 1),
    true,
  );
});

test('HTTP/2 transport - one stream at connect: every push of a burst is delivered', async (t) => {
  const scene = await apnsScene(t, { standIn: { oneStreamUntilToken: true, maxStreams: 50 }, ...unhurried() });
  assert.equal(countOf(await sendMany(scene, 400), 'accepted'), 400);
  assert.equal(copiesOf(scene.standIn.received).length, 400);
});

type ApnsScene = Awaited<ReturnType<typeof apnsScene>>;

/** Sends one push that hangs until the clock is advanced, and one after it; both have arrived at the transport. */
async function sendPair(scene: ApnsScene): Promise<{ hanging: Promise<PushResult>; healthy: Promise<PushResult> }> {
  scene.standIn.script(tokenOf(1), { fault: 'hang', times: 1 });
  const seen = new Promise<void>((resolve) => {
    const stop = scene.standIn.onPush(({ token }) => {
      if (token !== tokenOf(1)) return;
      stop();
      resolve();
    });
  });
  const [hanging, healthy] = [scene.send(tokenOf(1), {}, {}, 300), scene.send(tokenOf(2))];
  // A push that ends before that has failed.
  await Promise.race([seen, hanging.then((outcome) => assert.fail(`it never came: ${outcome.kind}`))]);
  return { hanging, healthy };
}

/** The connection carries one request at a time, so a push behind one that hangs is sent when that one is given up. */
async function assertOneByOne(scene: ApnsScene, clock: ManualClock): Promise<void> {
  const before = scene.standIn.received.length;
  const { hanging, healthy } = await sendPair(scene);
  await turns();
  assert.equal(scene.standIn.received.length, before + 1, 'the second was sent beside the first');
  clock.advance(300);
  assert.deepEqual(await hanging, { kind: 'retry', reason: 'timeout', scope: 'app' });
  // The connection was closed because nothing arrived on it; the next one is made after a pause of 200 ms at most.
  clock.advance(200);
  assert.deepEqual(await healthy, delivered);
}

/** The connection carries many requests, so a push is delivered while another one hangs. */
async function assertAtOnce(scene: ApnsScene, clock: ManualClock): Promise<void> {
  const { hanging, healthy } = await sendPair(scene);
  const behind = turns(1000).then(() => 'the second was not sent beside the first');
  assert.deepEqual(await Promise.race([healthy, behind]), delivered);
  clock.advance(300);
  assert.deepEqual(await hanging, { kind: 'retry', reason: 'timeout', scope: 'app' });
}

test('HTTP/2 transport - one request at a time until the credentials are accepted, even if the peer allows more', async (t) => {
  const clock = manualClock();
  const scene = await apnsScene(t, { clock });
  // Refused for its credentials, so it proves nothing.
  scene.standIn.script(tokenOf(0), { status: 403, reason: 'InvalidProviderToken' });
  assert.deepEqual(await scene.send(tokenOf(0)), {
    kind: 'misconfigured',
    reason: 'InvalidProviderToken',
    scope: 'app',
  });
  await assertOneByOne(scene, clock);
  await assertAtOnce(scene, clock);
});

test('HTTP/2 transport - after GOAWAY and after a loss the new connection has to be accepted again', async (t) => {
  const clock = manualClock();
  const scene = await warmScene(t, { clock });
  await assertAtOnce(scene, clock);
  scene.standIn.script(tokenOf(9), { fault: 'goaway', times: 1 });
  assert.deepEqual(await scene.send(tokenOf(9)), delivered);
  await assertOneByOne(scene, clock);
  scene.standIn.script(tokenOf(9), { fault: 'reset', times: 1 });
  assert.equal((await scene.send(tokenOf(9))).kind, 'retry');
  await assertOneByOne(scene, clock);
});

test('HTTP/2 transport - graceful GOAWAY: requests in flight are answered, and each push is accepted exactly once', async (t) => {
  const scene = await warmScene(t);
  for (const index of [0, 1, 2]) scene.standIn.script(tokenOf(index), { delayMs: 100 });
  const slow = sendMany(scene, 3);
  scene.standIn.script(tokenOf(9), { fault: 'goaway' });
  assert.deepEqual(await scene.send(tokenOf(9)), delivered);
  assert.deepEqual(await scene.send(tokenOf(10)), delivered);
  assert.deepEqual(await slow, [delivered, delivered, delivered]);
  assert.deepEqual(copiesOf(scene.standIn.received), [1, 1, 1, 1, 1, 1]);
  assert.equal(scene.standIn.connections, 2);
});

test('HTTP/2 transport - GOAWAY below the last stream: unprocessed requests are sent again, none twice', async (t) => {
  const scene = await warmScene(t);
  scene.standIn.script(tokenOf(50), { fault: 'goaway-unprocessed', times: 1 });
  const outcomes = await sendMany(scene, 100);
  assert.equal(countOf(outcomes, 'accepted'), 100);
  assert.deepEqual(copiesOf(scene.standIn.received), times(101, 1));
});

test('HTTP/2 transport - one 500 among healthy requests harms no other', async (t) => {
  const scene = await warmScene(t);
  for (const index of [0, 1, 2]) scene.standIn.script(tokenOf(index), { delayMs: 50 });
  scene.standIn.script(tokenOf(3), { status: 500, reason: 'InternalServerError' });
  const outcomes = await sendMany(scene, 4);
  assert.deepEqual(outcomes, [
    delivered,
    delivered,
    delivered,
    { kind: 'retry', reason: 'InternalServerError', scope: 'app' },
  ]);
  assert.equal(scene.standIn.connections, 1);
});

test('HTTP/2 transport - 429, 500 and 503 are not repeated by the transport, since the outbox retries', async (t) => {
  const scene = await warmScene(t);
  for (const status of [429, 500, 503]) {
    scene.standIn.script(tokenOf(status), { status, reason: 'Whatever' });
    assert.equal((await scene.send(tokenOf(status))).kind, 'retry');
    assert.equal(scene.standIn.received.filter(({ token }) => token === tokenOf(status)).length, 1);
  }
});

test('HTTP/2 transport - CANCEL, a reset and a body cut in the middle give retry, at once and once', async (t) => {
  for (const fault of ['cancel', 'reset', 'cut'] as const) {
    const scene = await warmScene(t);
    scene.standIn.script(tokenOf(1), { fault, times: 1 });
    assert.deepEqual(await scene.send(tokenOf(1)), { kind: 'retry', reason: 'connection', scope: 'app' }, fault);
    assert.deepEqual(await scene.send(tokenOf(1)), delivered);
    assert.equal(scene.standIn.received.length, 3);
  }
});

test('HTTP/2 transport - empty, HTML and endless bodies do not affect the status', async (t) => {
  const scene = await warmScene(t);
  const bodies = ['', '<html><body>Bad gateway</body></html>', '{"reason":', 'x'.repeat(200_000)];
  for (const [index, body] of bodies.entries()) {
    scene.standIn.script(tokenOf(index), { status: 503, body });
    assert.deepEqual(await scene.send(tokenOf(index)), { kind: 'retry', reason: '-', scope: 'app' });
  }
  assert.deepEqual(await scene.send(), delivered);
  assert.equal((await valuesOf(scene.metrics.attempts))['503 -'], 4);
});

test('HTTP/2 transport - a push that hangs ends by its deadline and does not affect others', async (t) => {
  const scene = await warmScene(t);
  scene.standIn.script(tokenOf(0), { fault: 'hang' });
  const hanging = scene.send(tokenOf(0), {}, {}, 600);
  for (let index = 1; index < 20; index += 1) assert.deepEqual(await scene.send(tokenOf(index)), delivered);
  assert.deepEqual(await hanging, { kind: 'retry', reason: 'timeout', scope: 'app' });
  assert.deepEqual(await scene.send(), delivered);
  assert.equal(scene.standIn.connections, 1);
});

test('HTTP/2 transport - a server that hangs from the first push on does not get a new connection for each', async (t) => {
  const scene = await apnsScene(t);
  scene.standIn.script('*', { fault: 'hang' });
  const sent = Array.from({ length: 500 }, (_, index) => scene.send(tokenOf(index), {}, {}, 800 + 2 * index));
  for (const { kind } of await Promise.all(sent)) assert.equal(kind, 'retry');
  const { connections } = scene.standIn;
  assert.ok(connections <= 12, `${connections} connections`);
  scene.standIn.script('*', undefined);
  assert.deepEqual(await scene.send(), delivered);
});

test('HTTP/2 transport - a push that was accepted is not sent again because its answer did not end', async (t) => {
  const clock = manualClock();
  const scene = await warmScene(t, { clock });
  scene.standIn.script(tokenOf(0), { fault: 'stall', times: 1 });
  const seen = scene.standIn.waitFor(({ token }) => token === tokenOf(0), 20_000);
  const stalled = scene.send(tokenOf(0), {}, {}, 500);
  await seen;
  await turns();
  clock.advance(500);
  assert.deepEqual(await stalled, delivered);
});

test('HTTP/2 transport - after GOAWAY no socket stays open, should the peer never close its end', async (t) => {
  const authority = await createAuthority();
  const { certificate, key } = await authority.issue(['127.0.0.1']);
  const ends = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: (inner.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
    near.on('data', (chunk) => far.write(chunk)).on('error', () => {});
    far.on('data', (chunk) => near.write(chunk)).on('error', () => {});
    for (const end of [near, far]) ends.add(end);
  });
  const inner = createSecureServer({ cert: certificate, key });
  inner.on('session', (session) => session.on('error', () => {}));
  inner.on('stream', (stream) => {
    stream.respond({ ':status': 200 });
    stream.end();
    stream.session?.goaway();
  });
  for (const each of [inner, server]) await once(each.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const end of ends) end.destroy();
    for (const each of [inner, server]) each.close();
  });
  const transport = createTransport({
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    protocol: 'h2',
    inFlight: 500,
    ca: authority.certificate,
    identity: undefined,
    clock: systemClock,
    random: Math.random,
  });
  const openSockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  const before = openSockets();
  const request = { path: '/3/device/ab', headers: {}, body: Buffer.from('{}'), deadlineMs: 10_000 };
  for (let i = 0; i < 5; i += 1) assert.equal((await transport.send(request)).kind, 'answer');
  await transport.drain();
  // Of each connection both ends of the piece between, and that of the server: not ours.
  await eventually('ours are closed', () => openSockets() - before <= 3 * 5 || undefined);
  assert.ok(ends.size === 10 && [...ends].every((end) => !end.destroyed));
});

test('HTTP/2 transport - a dead path is left after the first deadline', async (t) => {
  const { scene, relay } = await relayedScene(t, {});
  assert.deepEqual(await scene.send(), delivered);
  relay.blackHole();
  const lost = Array.from({ length: 8 }, (_, index) => scene.send(tokenOf(index), {}, {}, 400));
  assert.deepEqual(tally(await Promise.all(lost)), { 'retry timeout': 8 });
  assert.deepEqual(await sendMany(scene, 8), times(8, delivered));
  assert.equal(relay.connections, 2);
});

test(
  'HTTP/2 transport - a path that is silent for two seconds is avoided before any deadline',
  { timeout: 30_000 },
  async (t) => {
    const clock = manualClock();
    const { scene, relay } = await relayedScene(t, { clock });
    assert.deepEqual(await scene.send(), delivered);
    relay.blackHole();
    const lost = scene.send(tokenOf(0));
    await setImmediate();
    clock.advance(2001);
    assert.deepEqual(await scene.send(tokenOf(1)), delivered);
    clock.advance(28_000);
    assert.deepEqual(await lost, { kind: 'retry', reason: 'timeout', scope: 'app' });
  },
);

test('HTTP/2 transport - a connection with unanswered pings is not used any more', async (t) => {
  const clock = manualClock();
  const scene = await warmScene(t, { clock });
  clock.advance(140_000);
  assert.deepEqual(await scene.send(), delivered);
  assert.equal(scene.standIn.connections, 1);
  // undici's pings run in real time, so they never happened on this clock.
  clock.advance(160_000);
  assert.deepEqual(await scene.send(), delivered);
  assert.equal(scene.standIn.connections, 2);
});

test('HTTP/2 transport - a broken socket fails the requests in flight, and the next push succeeds', async (t) => {
  const scene = await warmScene(t);
  for (const index of [0, 1, 2]) scene.standIn.script(tokenOf(index), { fault: 'hang', times: 1 });
  const seen = scene.standIn.waitFor(({ token }) => token === tokenOf(2), 20_000);
  const lost = sendMany(scene, 3);
  await seen;
  scene.standIn.dropConnections();
  assert.deepEqual(await lost, times(3, { kind: 'retry', reason: 'connection', scope: 'app' }));
  assert.deepEqual(await scene.send(), delivered);
});

test('HTTP/2 transport - a port without listener gives retry within the deadline, with pauses between attempts', async (t) => {
  const scene = await apnsScene(t, { endpoint: deadOrigin });
  const outcomes = await sendMany(scene, 1000);
  assert.deepEqual(tally(outcomes), { 'retry connection-refused': 1000 });
});

test('HTTP/2 transport - a server that is back is used without waiting for a new push', async (t) => {
  const clock = manualClock();
  const first = await apnsScene(t, { clock, random: () => 0.5 });
  const { port } = new URL(first.standIn.origin);
  await first.standIn.close();
  let refused: PushResult | undefined;
  void first.send(tokenOf(0)).then((result) => (refused = result));
  // Advances the clock from one attempt to connect to the next.
  await turnsUntil('the first push is given up', () => {
    clock.advance(10);
    return refused !== undefined;
  });
  assert.deepEqual(refused, { kind: 'retry', reason: 'connection-refused', scope: 'app' });
  const waiting = first.send(tokenOf(1));
  // The same authority, as after a restart; without the key, which is as far as it gets: it was asked.
  const { authority } = first.standIn;
  const again = await createApnsStandIn({ topics: ['org.example.messenger'], authority, port: Number(port) });
  t.after(() => again.close());
  // Longest pause between two attempts to connect.
  clock.advance(5_000);
  assert.deepEqual(await waiting, { kind: 'misconfigured', reason: 'InvalidProviderToken', scope: 'app' });
});

test('HTTP/2 transport - an untrusted authority gives retry, and nothing is sent', async (t) => {
  const scene = await apnsScene(t);
  const stranger = await createAuthority();
  const other = await apnsScene(t, { app: { endpoint: scene.standIn.origin, ca: stranger.certificate } });
  assert.deepEqual(await other.send(), { kind: 'retry', reason: 'untrusted', scope: 'app' });
  assert.equal(scene.standIn.received.length, 0);
});

test('HTTP/2 transport - a body that is read late delays no other request and ends by its deadline', async (t) => {
  const scene = await warmScene(t, { standIn: { streamWindow: 64 } });
  scene.standIn.script(tokenOf(0), { readAfterMs: 300, times: 1 });
  scene.standIn.script(tokenOf(1), { readAfterMs: 60_000, times: 1 });
  const [late, never] = [scene.send(tokenOf(0)), scene.send(tokenOf(1), {}, {}, 600)];
  for (let index = 2; index < 20; index += 1) assert.deepEqual(await scene.send(tokenOf(index)), delivered);
  assert.deepEqual([await late, await never], [delivered, { kind: 'retry', reason: 'timeout', scope: 'app' }]);
  assert.deepEqual(await scene.send(tokenOf(1)), delivered);
  assert.equal(scene.standIn.connections, 1);
});

test('HTTP/2 transport - a port that closes with pushes in flight and opens again is used again', async (t) => {
  const scene = await warmScene(t);
  scene.standIn.script(tokenOf(0), { fault: 'hang', times: 1 });
  const seen = scene.standIn.waitFor(({ token }) => token === tokenOf(0), 20_000);
  const lost = scene.send(tokenOf(0));
  await seen;
  await scene.standIn.closePort();
  assert.deepEqual(await lost, { kind: 'retry', reason: 'connection', scope: 'app' });
  assert.deepEqual(await scene.send(), { kind: 'retry', reason: 'connection-refused', scope: 'app' });
  await scene.standIn.openPort();
  assert.deepEqual(await sendMany(scene, 10), times(10, delivered));
});

test('HTTP/2 transport - drain refuses new requests, waits for those in flight and closes the connections', async (t) => {
  const scene = await warmScene(t);
  scene.standIn.script(tokenOf(0), { delayMs: 100 });
  const slow = scene.send(tokenOf(0));
  const drained = scene.provider.drain();
  assert.deepEqual(await scene.send(tokenOf(1)), { kind: 'retry', reason: 'closed', scope: 'app' });
  await drained;
  assert.deepEqual(await slow, delivered);
  await eventually('the connection is closed', () => scene.standIn.openConnections === 0 || undefined);
});
