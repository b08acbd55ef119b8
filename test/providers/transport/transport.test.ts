import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { type Clock, systemClock } from '../../../src/time/clock.ts';
import { createApnsStandIn } from '../../../src/harness/stand-ins/apns.ts';
import { createTransport, type TransportLimits } from '../../../src/providers/transport/transport.ts';
import { type ManualClock, manualClock, soon, turns, turnsUntil } from '../../support/clock.ts';
import { deadOrigin, openRelay } from './relay.ts';

const token = 'ab'.repeat(32);
const request = {
  path: `/3/device/${token}`,
  headers: { 'apns-topic': 'org.example.messenger' },
  body: Buffer.from('{"aps":{"alert":"x"}}'),
  deadlineMs: 5000,
};

/** A stand-in that answers a client certificate, and a transport that has one. */
async function setUp(t: TestContext, limits: Partial<TransportLimits>, maxStreams = 1000, clock: Clock = systemClock) {
  const standIn = await createApnsStandIn({ topics: ['org.example.messenger'], maxStreams });
  const { certificate, key } = await standIn.authority.issue(['client']);
  const transport = createTransport({
    origin: standIn.origin,
    protocol: 'h2',
    inFlight: 2_000,
    ca: standIn.ca,
    identity: { kind: 'pem', certificate, key },
    clock,
    random: Math.random,
    limits,
  });
  t.after(async () => {
    await standIn.close();
    await Promise.race([transport.drain(), turns(1000)]);
  });
  return { standIn, transport };
}

test('transport - further connections are made only when the window is full, and no more than the limit', async (t) => {
  const { standIn, transport } = await setUp(t, { streams: 5, connections: 3 });
  const burst = (count: number) => Promise.all(Array.from({ length: count }, () => transport.send(request)));
  await transport.send(request);
  standIn.script(token, { delayMs: 20 });
  await burst(5);
  assert.equal(standIn.connections, 1);
  await burst(100);
  assert.equal(standIn.connections, 3);
});

test('transport - a peer that allows fewer streams than the window gets no more at a time', async (t) => {
  const { standIn, transport } = await setUp(t, { streams: 500, connections: 2 }, 10);
  const results = await Promise.all(Array.from({ length: 300 }, () => transport.send(request)));
  assert.equal(
    results.every((result) => result.kind === 'answer' && result.status === 200),
    true,
  );
  assert.equal(standIn.connections <= 2, true);
});

test('transport - a deadline counts while waiting for a place too', async (t) => {
  const { standIn, transport } = await setUp(t, { streams: 1, connections: 1 });
  await transport.send(request);
  standIn.script(token, { fault: 'hang', times: 1 });
  const hanging = transport.send({ ...request, deadlineMs: 400 });
  const waiting = await transport.send({ ...request, deadlineMs: 100 });
  assert.deepEqual(waiting, { kind: 'failure', reason: 'timeout' });
  assert.deepEqual(await hanging, { kind: 'failure', reason: 'timeout' });
  assert.equal((await transport.send(request)).kind, 'answer');
  assert.equal(standIn.received.length, 3);
});

test('transport - hurry ends what is under way or waits, as its deadline would, and nothing that comes later', async (t) => {
  const clock = manualClock();
  const { standIn, transport } = await setUp(t, { streams: 1, connections: 1 }, 1000, clock);
  assert.equal((await transport.send(request)).kind, 'answer');
  standIn.script(token, { fault: 'hang', times: 1 });
  const ended = Promise.all([transport.send(request), transport.send(request)]);
  assert.deepEqual([transport.inFlight, transport.waiting], [1, 1]);
  transport.hurry();
  const timeout = { kind: 'failure', reason: 'timeout' };
  assert.deepEqual(await soon('the ends', ended), [timeout, timeout]);
  standIn.script(token, undefined);
  // Past the pause before the next connection.
  clock.advance(1_000);
  assert.equal((await soon('the answer', transport.send(request))).kind, 'answer');
});

test('transport - a request with too little time left for an answer is not sent', async (t) => {
  const { standIn, transport } = await setUp(t, { streams: 1, connections: 1 });
  await transport.send(request);
  standIn.script(token, { delayMs: 500, times: 1 });
  const slow = transport.send(request);
  const late = transport.send({ ...request, deadlineMs: 600 });
  assert.equal((await slow).kind, 'answer');
  assert.deepEqual(await late, { kind: 'failure', reason: 'timeout' });
  assert.equal(standIn.received.length, 2);
});

test('transport - a request without time left gets no place and is not sent', async (t) => {
  const clock = manualClock();
  const { standIn, transport } = await setUp(t, {}, 1000, clock);
  assert.equal((await transport.send(request)).kind, 'answer');
  for (const deadlineMs of [0, -1]) {
    const late = transport.send({ ...request, deadlineMs });
    assert.deepEqual([transport.inFlight, transport.waiting], [0, 0], String(deadlineMs));
    assert.deepEqual(await late, { kind: 'failure', reason: 'timeout' });
  }
  assert.equal((await transport.send(request)).kind, 'answer');
  assert.equal(standIn.received.length, 2);
});

test('transport - a request that was given a fifth of a second is sent, even if it has to wait for a place', async (t) => {
  const clock = manualClock();
  const { transport } = await setUp(t, { streams: 1, connections: 1 }, 1000, clock);
  assert.equal((await transport.send(request)).kind, 'answer');
  assert.equal((await soon('the answer', transport.send({ ...request, deadlineMs: 200 }))).kind, 'answer');
  const first = transport.send(request);
  const second = transport.send({ ...request, deadlineMs: 200 });
  assert.deepEqual([transport.inFlight, transport.waiting], [1, 1]);
  assert.equal((await soon('the answer', first)).kind, 'answer');
  assert.equal((await soon('the answer', second)).kind, 'answer');
});

test('transport - a new request takes no place before those that wait', async (t) => {
  const { standIn, transport } = await setUp(t, { streams: 1, connections: 1 });
  await transport.send(request);
  const to = (digits: string) => transport.send({ ...request, path: `/3/device/${digits.repeat(32)}` });
  const underWay = to('aa');
  const waiting = to('bb');
  await underWay;
  const latest = to('cc');
  await Promise.all([waiting, latest]);
  assert.deepEqual(
    standIn.received.map((push) => push.token.slice(0, 2)),
    ['ab', 'aa', 'bb', 'cc'],
  );
});

test('transport - while it drains, requests under way are answered and new ones refused', async (t) => {
  const { standIn, transport } = await setUp(t, {});
  assert.equal((await transport.send(request)).kind, 'answer');
  standIn.script(token, { delayMs: 100, times: 1 });
  const underWay = transport.send(request);
  const drained = transport.drain();
  assert.deepEqual(await transport.send(request), { kind: 'failure', reason: 'closed' });
  assert.equal((await underWay).kind, 'answer');
  await drained;
  assert.equal(standIn.received.length, 2);
});

test('transport - a body of 64 KB is read, a longer one is dropped', async (t) => {
  const { standIn, transport } = await setUp(t, {});
  for (const [length, kept] of [
    [65_536, 65_536],
    [65_537, 0],
    [2_000_000, 0],
  ] as const) {
    standIn.script(token, { status: 503, body: 'x'.repeat(length), times: 1 });
    const result = await transport.send(request);
    assert.ok(result.kind === 'answer', String(length));
    assert.deepEqual([result.status, result.body.length], [503, kept], String(length));
  }
  assert.equal((await transport.send(request)).kind, 'answer');
});

test('transport - the authorities of the system stay trusted beside the one that an app names', async (t) => {
  const [system, named, stranger] = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const standIn = await createApnsStandIn({ topics: ['org.example.messenger'] });
      t.after(() => standIn.close());
      return standIn;
    }),
  );
  assert.ok(system && named && stranger);
  const before = getCACertificates('default');
  t.after(() => setDefaultCACertificates(before));
  setDefaultCACertificates([system.ca]);
  for (const [{ origin }, kind] of [
    [system, 'answer'],
    [named, 'answer'],
    [stranger, 'failure'],
  ] as const) {
    const transport = createTransport({
      origin,
      protocol: 'h2',
      inFlight: 1,
      ca: named.ca,
      identity: undefined,
      clock: systemClock,
      random: Math.random,
    });
    const result = await transport.send(request);
    await transport.drain();
    assert.equal(result.kind, kind);
  }
});

test('transport - a request that cannot be sent is invalid and affects no other', async (t) => {
  const { transport } = await setUp(t, {});
  const broken = await transport.send({ ...request, headers: { 'apns-topic': 'a\r\nb: c' } });
  assert.deepEqual(broken, { kind: 'failure', reason: 'invalid' });
  assert.equal((await transport.send(request)).kind, 'answer');
});

test('transport - attempts to connect are as far apart as the pauses say', { timeout: 30_000 }, async () => {
  const clock = manualClock();
  const transport = createTransport({
    origin: await deadOrigin(),
    protocol: 'h2',
    inFlight: 2_000,
    clock,
    random: () => 0.5,
  });
  const failed = { kind: 'failure', reason: 'connection-refused' };
  assert.deepEqual(await transport.send(request), failed);
  // After one failure half of 200 ms, after two half of 400, then half of 800 and so on up to half of 5 s.
  for (const pauseMs of [100, 200, 400, 800, 1600, 2500, 2500]) {
    const next = transport.send(request);
    clock.advance(pauseMs - 1);
    await new Promise(setImmediate);
    assert.equal(transport.waiting, 1, String(pauseMs));
    clock.advance(1);
    assert.deepEqual(await next, failed);
  }
  await transport.drain();
});

test('transport - after a dead path the next attempt to connect waits for its pause', async (t) => {
  const clock = manualClock();
  const standIn = await createApnsStandIn({ topics: ['org.example.messenger'] });
  const relay = await openRelay(t, standIn.origin);
  const transport = createTransport({
    origin: relay.origin,
    protocol: 'h2',
    inFlight: 2_000,
    ca: standIn.ca,
    identity: undefined,
    clock,
    random: () => 0.5,
  });
  t.after(async () => {
    await standIn.close();
    await Promise.race([transport.drain(), turns(1000)]);
  });
  assert.equal((await transport.send(request)).kind, 'answer');
  relay.blackHole();
  const lost = transport.send({ ...request, deadlineMs: 1000 });
  clock.advance(1000);
  assert.deepEqual(await lost, { kind: 'failure', reason: 'timeout' });
  // Half of 200 ms, as after a failed connection.
  const next = transport.send(request);
  clock.advance(99);
  assert.deepEqual([transport.waiting, transport.inFlight], [1, 0]);
  clock.advance(1);
  assert.deepEqual([transport.waiting, transport.inFlight], [0, 1]);
  assert.equal((await next).kind, 'answer');
  assert.equal(relay.connections, 2);
});

/** Lets an hour pass for undici's timers and for ours, a second at a time, while the real sockets do their work. */
async function idleFor(ms: number, clock: ManualClock): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) {
    mock.timers.tick(1000);
    clock.advance(1000);
    // A ping goes out every minute; its answer takes a few turns.
    for (let turn = 0; turn < (passed % 60_000 === 0 ? 40 : 1); turn += 1) await new Promise(setImmediate);
  }
}

test('transport - an hour without a push: the connection is kept alive by pings and used again', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  t.after(() => mock.timers.reset());
  const clock = manualClock();
  const { standIn, transport } = await setUp(t, {}, 1000, clock);
  assert.equal((await transport.send(request)).kind, 'answer');
  await idleFor(59 * 60_000, clock);
  assert.equal((await transport.send(request)).kind, 'answer');
  assert.deepEqual([standIn.connections, standIn.openConnections], [1, 1]);
  // undici closes it after an hour; the next push must not be affected.
  await idleFor(61 * 60_000, clock);
  assert.equal((await transport.send(request)).kind, 'answer');
  assert.equal(standIn.connections <= 2, true);
});

const requestFor = (number: number) => ({ ...request, path: `/3/device/${number.toString(16).padStart(64, '0')}` });
const tokenIn = ({ path }: { readonly path: string }) => path.slice('/3/device/'.length);

test('transport - after an answer the pauses between attempts to connect begin anew', async (t) => {
  const clock = manualClock();
  const standIn = await createApnsStandIn({ topics: ['org.example.messenger'] });
  const transport = createTransport({
    origin: standIn.origin,
    protocol: 'h2',
    inFlight: 10,
    ca: standIn.ca,
    identity: undefined,
    clock,
    random: () => 0.5,
  });
  t.after(async () => {
    await standIn.close();
    await Promise.race([transport.drain(), turns(1000)]);
  });
  const failed = { kind: 'failure', reason: 'connection-refused' };
  /** Sends until a push has to wait for the end of a pause. */
  async function sendUntilPaused() {
    for (;;) {
      const result = transport.send({ ...request, deadlineMs: 600_000 });
      if (transport.waiting === 1) return result;
      // The first one may still go to the connection that breaks.
      const given = await result;
      assert.ok(
        given.kind === 'failure' && ['connection', failed.reason].includes(given.reason),
        JSON.stringify(given),
      );
    }
  }
  assert.equal((await transport.send(request)).kind, 'answer');
  await standIn.closePort();
  for (let outage = 0; outage < 3; outage += 1) {
    const paused = sendUntilPaused();
    await turnsUntil('a push waits', () => transport.waiting === 1);
    clock.advance(5_000);
    assert.deepEqual(await paused, failed);
  }
  await standIn.openPort();
  clock.advance(5_000);
  assert.equal((await transport.send(request)).kind, 'answer');
  await standIn.closePort();
  const next = sendUntilPaused();
  await turnsUntil('a push waits', () => transport.waiting === 1);
  // Half of 200 ms, as after the first failure.
  clock.advance(99);
  assert.equal(transport.waiting, 1);
  clock.advance(1);
  assert.equal(transport.waiting, 0);
  assert.deepEqual(await next, failed);
});

test('transport - where all connections are silent and no more may be made, a silent one is used', async (t) => {
  const clock = manualClock();
  const { standIn, transport } = await setUp(t, { streams: 2, connections: 1 }, 1000, clock);
  assert.equal((await transport.send(request)).kind, 'answer');
  standIn.script('*', { fault: 'hang' });
  void transport.send({ ...request, deadlineMs: 60_000 });
  await turns();
  clock.advance(2_001);
  void transport.send({ ...request, deadlineMs: 60_000 });
  await turnsUntil('a second connection is made', () => standIn.connections === 2 && transport.inFlight === 2);
  await turns(200);
  clock.advance(2_001);
  void transport.send({ ...request, deadlineMs: 60_000 });
  await turnsUntil('the third push is sent', () => transport.inFlight === 3);
  assert.equal(standIn.connections, 2);
});

test('transport - a push that is given up frees its place at the peer', async (t) => {
  const clock = manualClock();
  const { standIn, transport } = await setUp(t, {}, 2, clock);
  assert.equal((await transport.send(request)).kind, 'answer');
  const [first, second, third] = [requestFor(1), requestFor(2), requestFor(3)];
  for (const each of [first, second]) standIn.script(tokenIn(each), { fault: 'hang' });
  const givenUp = transport.send({ ...first, deadlineMs: 1_000 });
  // A sign of life, so that the connection itself is kept.
  assert.equal((await transport.send(third)).kind, 'answer');
  clock.advance(1_000);
  assert.deepEqual(await givenUp, { kind: 'failure', reason: 'timeout' });
  // Until the peer has read that the stream was reset.
  await turns(200);
  void transport.send({ ...second, deadlineMs: 60_000 });
  const answered = await soon('the third push is answered beside the one that hangs', transport.send(third));
  assert.equal(answered.kind, 'answer');
  assert.equal(standIn.connections, 1);
});

test('transport - a connection that was left is closed with its last push', async (t) => {
  const clock = manualClock();
  const { standIn, transport } = await setUp(t, {}, 1000, clock);
  assert.equal((await transport.send(request)).kind, 'answer');
  standIn.script('*', { fault: 'hang' });
  const [early, late] = [1_000, 1_500].map((deadlineMs) => transport.send({ ...request, deadlineMs }));
  await turns();
  clock.advance(1_000);
  assert.deepEqual(await early, { kind: 'failure', reason: 'timeout' });
  await turns();
  assert.equal(standIn.openConnections, 1);
  clock.advance(500);
  assert.deepEqual(await late, { kind: 'failure', reason: 'timeout' });
  await turnsUntil('it is closed', () => standIn.openConnections === 0);
});
