import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import type { RateLimitSettings } from '../../src/delivery/rate-limits.ts';
import type { AppSender } from '../../src/sending/app-sender.ts';
import type { Outbox, QueuedPush } from '../../src/store/outbox/contract.ts';
import type { App } from '../../src/core/app.ts';
import type { PushResult, Push, PushKind } from '../../src/core/push.ts';
import type { Provider } from '../../src/providers/provider.ts';
import type { Registration } from '../../src/core/registration.ts';
import type { RetryScheduler } from '../../src/delivery/retry.ts';
import { retryPause } from '../../src/delivery/retry-pause.ts';
import { createLookup } from '../../src/delivery/lookup.ts';
import { type OpenedRegistry, openOutbox, openRegistryHere } from '../support/store.ts';
import { nodeNames } from '../support/nodes.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { type Clock, neverBack } from '../../src/time/clock.ts';
import { assemble } from '../support/assemble.ts';
import { manualClock, type ManualClock, wallOf } from '../support/clock.ts';
import { apnsAppOf } from '../support/registrations.ts';
import { eventually } from '../support/process.ts';
import { quietTelemetry } from '../support/telemetry.ts';

// The provider is the edge here: it plays back outcomes. Registry and outbox are real.

const folder = await mkdtemp(join(tmpdir(), 'sealpost-redelivery-'));
after(() => rm(folder, { recursive: true }));

const { log } = quietTelemetry();
let databases = 0;
let clock: ManualClock;
/** The server's clock, whose wall time never goes back. */
let forward: Clock;
let registry: OpenedRegistry;
let outbox: Outbox;
let registration: Registration;
let sent: Push[];
/** Milliseconds of each attempt in `sent`. */
let deadlines: number[];
let outcomes: PushResult[];
let retryScheduler: RetryScheduler;
let appSender: AppSender;
let metrics: Metrics;
/** Replaces `outcomes`. */
let sendAs: (() => Promise<PushResult>) | undefined;

beforeEach(async () => {
  databases += 1;
  clock = manualClock();
  forward = neverBack(clock);
  metrics = createMetrics('test');
  const store = { kind: 'sqlite', path: join(folder, `${databases}.db`) } as const;
  registry = await openRegistryHere({ store, clock, nodes: nodeNames(), metrics, log });
  const path = join(folder, `${databases}.outbox.db`);
  leasing.clear();
  outbox = watched(
    await openOutbox({ store: { kind: 'sqlite', path }, clock, forward: wallOf(forward), metrics, log }),
  );
  const token = 'ab'.repeat(32);
  registration = await registry.register({
    app: 'siskin',
    convention: 'tigase',
    account: 'romeo@example.net',
    device: token,
    token,
    secondToken: 'cd'.repeat(32),
    withSecret: false,
  });
  sent = [];
  deadlines = [];
  outcomes = [];
  sendAs = undefined;
  retryScheduler = schedulerFor(apnsAppOf());
});

afterEach(async () => {
  await retryScheduler.drain();
  await outbox.close();
  await registry.close();
});

function schedulerFor(
  app: App,
  perSecond?: number,
  given: Partial<RateLimitSettings> = {},
  isShared = false,
): RetryScheduler {
  const provider: Provider = {
    send(push, _device, deadlineMs) {
      sent.push(push);
      deadlines.push(deadlineMs);
      if (sendAs) return sendAs();
      return Promise.resolve(outcomes.shift() ?? { kind: 'accepted' });
    },
    largestCiphertext: () => 3072,
    hurry: () => {},
    drain: () => Promise.resolve(),
  };
  metrics = createMetrics('test');
  const pace = perSecond === undefined ? {} : { perSecond };
  const lookup = createLookup({ registry, nodes: nodeNames(), apps: [app], clock });
  const parts = assemble({
    app,
    provider,
    registry: lookup,
    outbox,
    clock,
    log,
    metrics,
    limits: given,
    isShared,
    ...pace,
  });
  appSender = parts.appSender;
  return parts.retryScheduler;
}

async function enqueue(kind: PushKind, over: Partial<QueuedPush> = {}, dueInMs = 0): Promise<Push> {
  const push: Push = {
    id: randomUUID(),
    app: 'siskin',
    node: registration.node,
    kind,
    account: 'romeo@example.net',
    content: { kind: 'sealed', ciphertext: 'c2VhbGVkIGNvbnRlbnQgaGVyZQ==', iv: 'AAECAwQFBgcICQoL' },
    expiresAtMs: kind === 'voip' ? 0 : forward.now() + 3_600_000,
  };
  const target = kind === 'voip' ? 'second' : 'first';
  const giveUpAtMs = kind === 'voip' ? forward.now() + 30_000 : forward.now() + 3_600_000;
  const queued = {
    push,
    domain: 'example.net',
    target,
    attempts: 1,
    storedAtMs: forward.now(),
    giveUpAtMs,
    ...over,
  } as const;
  assert.equal(await outbox.enqueue(queued, forward.now() + dueInMs), 'stored');
  retryScheduler.expect(push, forward.now() + dueInMs);
  return push;
}

/** Leases that the outbox has not answered yet: it works in another thread. */
const leasing = new Set<Promise<unknown>>();

/** The outbox, whose leases `pass` waits for. */
function watched(opened: Outbox): Outbox {
  return {
    ...opened,
    async lease(...asked) {
      const lease = opened.lease(...asked);
      leasing.add(lease);
      try {
        return await lease;
      } finally {
        leasing.delete(lease);
      }
    },
    get state() {
      return opened.state;
    },
  };
}

/** Lets time pass in ticks, and everything that it sets going come to rest after each. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    await new Promise(setImmediate);
    await Promise.all(leasing);
    await new Promise(setImmediate);
    // A question behind the others in the queue of the thread comes back after them.
    for (let i = 0; i < 2; i += 1) await outbox.expire(0);
    await new Promise(setImmediate);
  }
}

async function depth(): Promise<number> {
  return (await outbox.stats())?.get('siskin')?.depth ?? 0;
}

test('retry - a queued push is sent unchanged when it falls due', async () => {
  retryScheduler.start();
  const push = await enqueue('alert', {}, 1000);
  await pass(900);
  assert.deepEqual(sent, []);
  await pass(300);
  assert.deepEqual(sent, [push]);
  assert.equal(await depth(), 0);
});

test('retry - pushes that an earlier process left are sent from the start', async () => {
  const push = await enqueue('alert');
  retryScheduler.start();
  await pass(200);
  assert.deepEqual(sent, [push]);
});

test('retry - what another process puts into a shared outbox is found within a second', async () => {
  retryScheduler = schedulerFor(apnsAppOf(), undefined, {}, true);
  retryScheduler.start();
  await pass(500);
  await enqueue('alert');
  await pass(1_200);
  assert.equal(sent.length, 1);
});

test('retry - each further failure lengthens the pause', async () => {
  retryScheduler.start();
  const retry = { kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' } as const;
  outcomes.push(retry, retry, retry);
  await enqueue('alert');
  const timesMs: number[] = [];
  const startedAtMs = clock.monotonic();
  for (let seen = 0; seen < 4;) {
    await pass(100);
    if (sent.length > seen) timesMs.push(clock.monotonic() - startedAtMs);
    seen = sent.length;
  }
  // Half of 4, 8 and 16 s, and at most two ticks for the lease.
  const pauses = timesMs.slice(1).map((time, i) => time - (timesMs[i] ?? 0));
  for (const [i, boundMs] of [2000, 4000, 8000].entries()) {
    const pauseMs = pauses[i] ?? 0;
    assert.ok(pauseMs >= boundMs && pauseMs <= boundMs + 300, `pause ${i} was ${pauseMs} ms`);
  }
  assert.equal(new Set(sent.map(({ id }) => id)).size, 1);
});

test('retry - the pause that the provider asks for is kept', async () => {
  retryScheduler.start();
  outcomes.push({ kind: 'retry', reason: 'TooManyRequests', afterMs: 30_000, scope: 'device' });
  await enqueue('alert');
  await pass(30_000);
  assert.equal(sent.length, 1);
  await pass(3000);
  assert.equal(sent.length, 2);
});

test('retry - calls go first, then the newest', async () => {
  const old = await enqueue('alert', { storedAtMs: forward.now() - 5000 });
  const recent = await enqueue('alert', { storedAtMs: forward.now() - 1000 });
  const call = await enqueue('voip', { storedAtMs: forward.now() - 3000 });
  retryScheduler.start();
  await pass(300);
  assert.deepEqual(
    sent.map(({ id }) => id),
    [call.id, recent.id, old.id],
  );
});

test('retry - a call is given up after half a minute', async () => {
  retryScheduler.start();
  await enqueue('voip', {}, 29_000);
  clock.step(31_000);
  await pass(12_000);
  assert.deepEqual(sent, []);
  assert.equal(await depth(), 0);
});

test('retry - a queued call whose device lost its second token goes to the first one as an alert', async () => {
  retryScheduler.start();
  const queuedAtMs = forward.now();
  const push = await enqueue('voip', {}, 500);
  await registry.dropSecondToken(registration.node, 'cd'.repeat(32));
  await pass(1000);
  assert.deepEqual(
    sent.map(({ id, kind }) => ({ id, kind })),
    [{ id: push.id, kind: 'call-alert' }],
  );
  // The half minute counts from the call's arrival.
  assert.ok((sent[0]?.expiresAtMs ?? 0) <= queuedAtMs + 30_000);
});

test('retry - the rate is never exceeded', async () => {
  retryScheduler = schedulerFor(apnsAppOf(), 50);
  for (let i = 0; i < 18; i += 1) await enqueue('alert');
  retryScheduler.start();
  let before = 0;
  for (let tick = 0; tick < 4; tick += 1) {
    await pass(100);
    assert.ok(sent.length - before <= 5, `${sent.length - before} in a tenth of a second`);
    before = sent.length;
  }
  assert.equal(sent.length, 18);
});

test('retry - queued pushes are sent even if more pushes arrive than the provider takes', async () => {
  const arrivals: PromiseWithResolvers<PushResult>[] = [];
  sendAs = () => {
    const arrival = Promise.withResolvers<PushResult>();
    arrivals.push(arrival);
    return arrival.promise;
  };
  retryScheduler = schedulerFor(apnsAppOf({ inFlight: 2 }));
  const incoming = await enqueue('alert');
  await outbox.lease('siskin', forward.now(), 1);
  outbox.complete(incoming.id);
  const arrive = () => appSender.attempt(incoming, { token: registration.token, registeredAtMs: 0 }, 10_000);
  for (let i = 0; i < 6; i += 1) void arrive();
  const push = await enqueue('alert');
  retryScheduler.start();
  await pass(200);
  assert.ok(!sent.some(({ id }) => id === push.id));
  for (let i = 0; i < 6; i += 1) {
    void arrive();
    arrivals.shift()?.resolve({ kind: 'accepted' });
    await pass(100);
  }
  assert.ok(sent.some(({ id }) => id === push.id));
  for (const arrival of arrivals) arrival.resolve({ kind: 'accepted' });
  sendAs = undefined;
  await pass(100);
  for (const arrival of arrivals) arrival.resolve({ kind: 'accepted' });
});

test('retry - the queued pushes of a removed registration are removed', async () => {
  await enqueue('alert');
  await registry.unregister({ account: 'romeo@example.net', token: 'ab'.repeat(32) });
  retryScheduler.start();
  await pass(300);
  assert.deepEqual(sent, []);
  assert.equal(await depth(), 0);
});

test('retry - a queued push finds its registration in its node after the store was lost', async () => {
  const push = await enqueue('alert');
  await registry.close();
  const store = { kind: 'sqlite', path: join(folder, `${databases}-empty.db`) } as const;
  registry = await openRegistryHere({ store, clock, nodes: nodeNames(), metrics: createMetrics('test'), log });
  retryScheduler = schedulerFor(apnsAppOf());
  retryScheduler.start();
  await pass(300);
  assert.deepEqual(
    sent.map(({ id }) => id),
    [push.id],
  );
  assert.equal(await depth(), 0);
  assert.equal((await registry.find(registration.node))?.token, registration.token);
});

test('retry - pushes to a node that the store has lost are kept until it is back or they expire', async () => {
  const push = await enqueue('alert', { push: { ...(await enqueue('alert')), id: randomUUID(), node: 'lost' } });
  retryScheduler.start();
  await pass(10_000);
  assert.deepEqual(
    sent.map(({ node }) => node),
    [registration.node],
  );
  assert.equal(await depth(), 1);
  clock.advance(push.expiresAtMs - forward.now());
  await pass(10_000);
  assert.equal(await depth(), 0);
});

test('retry - a dead token removes the registration and its queued pushes', async () => {
  retryScheduler = schedulerFor(apnsAppOf(), 10);
  for (let i = 0; i < 5; i += 1) await enqueue('alert');
  outcomes.push({ kind: 'dead-token', reason: 'Unregistered' });
  retryScheduler.start();
  await pass(600);
  assert.equal(sent.length, 1);
  assert.equal(await registry.find(registration.node), undefined);
  assert.equal(await depth(), 0);
});

test('retry - while the circuit is open one push at a time probes the provider', async () => {
  retryScheduler.start();
  for (let i = 0; i < 40; i += 1) outcomes.push({ kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' });
  for (let i = 0; i < 40; i += 1) await enqueue('alert');
  await pass(1000);
  const burst = sent.length;
  assert.ok(burst <= 20, `${burst} before the circuit opened`);
  await pass(1000);
  assert.ok(sent.length - burst <= 3, `${sent.length - burst} probes in a second`);
  outcomes.length = 0;
  await pass(120_000);
  assert.equal(await depth(), 0);
});

test('retry - a call probes the provider sooner than other pushes', async () => {
  retryScheduler.start();
  for (let i = 0; i < 17; i += 1) outcomes.push({ kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' });
  for (let i = 0; i < 20; i += 1) await enqueue('alert');
  for (let passed = 0; outcomes.length > 0; passed += 1) {
    assert.ok(passed < 10_000, 'the provider is asked no more');
    await pass(100);
  }
  const attempts = sent.length;
  await pass(100);
  // The pauses have reached half a minute.
  const push = await enqueue('voip');
  await pass(5_100);
  assert.equal(sent[attempts]?.id, push.id);
  assert.ok(sent.length > attempts + 1, 'the rest follows at once');
});

test('retry - a clock that is set back delays nothing', async () => {
  retryScheduler.start();
  const push = await enqueue('alert', {}, 500);
  clock.step(-600_000);
  await pass(700);
  const leftMs = 3_600_000 - 600;
  assert.deepEqual(
    sent.map(({ id, expiresAtMs }) => ({ id, leftMs: expiresAtMs - forward.now() })),
    [{ id: push.id, leftMs: leftMs - 100 }],
  );
});

test('retry - with a clock that is set back no expired call rings', async () => {
  retryScheduler.start();
  await enqueue('voip', {}, 31_000);
  clock.step(-600_000);
  await pass(32_000);
  assert.deepEqual(sent, []);
  await pass(10_000);
  assert.equal(await depth(), 0);
});

test('retry - a call stored in the future, before the clock was set back, has expired', async () => {
  retryScheduler.start();
  await enqueue('voip', { storedAtMs: forward.now() + 600_000, giveUpAtMs: forward.now() + 630_000 });
  await pass(300);
  assert.deepEqual(sent, []);
  assert.equal(await depth(), 0);
});

test('retry - no attempt for a call lasts beyond its half minute', async () => {
  retryScheduler.start();
  const push = await enqueue('voip', {}, 25_000);
  await pass(25_300);
  assert.deepEqual(sent, [push]);
  assert.ok((deadlines[0] ?? Infinity) <= 5_000, `${deadlines[0]} ms`);
});

test('retry - drain waits for what is leased and leases nothing more', async () => {
  retryScheduler.start();
  await enqueue('alert');
  await retryScheduler.drain();
  await pass(500);
  assert.deepEqual(sent, []);
  assert.equal(await depth(), 1);
});

test('retry - the pushes of a busy device line up and delay no other device', async () => {
  retryScheduler = schedulerFor(apnsAppOf(), 20, { pushesPerRegistration: { burst: 1, perSecond: 1 } });
  const quiet = await enqueue('alert', {}, 2_000);
  let leases = 0;
  const { lease } = outbox;
  outbox.lease = async (...asked) => {
    const leased = await lease(...asked);
    leases += leased.pushes.length;
    return leased;
  };
  const account = 'juliet@example.net';
  const token = 'ef'.repeat(32);
  registration = await registry.register({
    ...{ app: 'siskin', convention: 'tigase', account, device: token, token, withSecret: false },
  });
  for (let i = 0; i < 19; i += 1) await enqueue('alert');
  retryScheduler.start();
  await pass(2_300);
  assert.ok(sent.some(({ id }) => id === quiet.id));
  assert.ok(leases <= 19 + 3 + 1, `${leases} leased`);
  await pass(17_000);
  assert.equal(sent.length, 20);
});

test('retry - a domain that floods leaves others their part of the rate, however many of its pushes are due', async () => {
  const registerAs = async (n: number) => {
    const token = n.toString(16).padStart(64, '0');
    const device = { app: 'siskin', convention: 'tigase', device: token, token, withSecret: false };
    return registry.register({ ...device, account: `user-${n}@flood.example` });
  };
  for (let n = 0; n < 25; n += 1) {
    registration = await registerAs(n);
    await Promise.all(Array.from({ length: 20 }, () => enqueue('alert', { domain: 'flood.example' })));
  }
  const others: Push[] = [];
  for (let n = 100; n < 130; n += 1) {
    registration = await registerAs(n);
    others.push(await enqueue('alert', { domain: `server-${n % 3}.example` }, 500));
  }
  retryScheduler = schedulerFor(apnsAppOf(), 50, { pushesPerRegistration: { burst: 2, perSecond: 1 } });
  retryScheduler.start();
  for (const push of others) retryScheduler.expect(push, forward.now());
  await pass(3_000);
  const arrived = others.filter(({ id }) => sent.some((one) => one.id === id));
  assert.equal(arrived.length, others.length);
});

test('retry - a registration gets no more pushes than its rate limit allows', async () => {
  retryScheduler = schedulerFor(apnsAppOf(), 100, { pushesPerRegistration: { burst: 2, perSecond: 1 } });
  for (let i = 0; i < 4; i += 1) await enqueue('alert');
  retryScheduler.start();
  await pass(500);
  assert.equal(sent.length, 2);
  await pass(2000);
  assert.ok(sent.length <= 4);
  await pass(4000);
  assert.equal(sent.length, 4);
});

test('retry - what could not be looked up is tried again, and not only after the next start', async () => {
  const { find } = registry;
  let fails = 1;
  registry.find = (node) => {
    fails -= 1;
    return fails < 0 ? find(node) : Promise.reject(new Error('database is locked'));
  };
  retryScheduler = schedulerFor(apnsAppOf());
  const push = await enqueue('alert');
  retryScheduler.start();
  await pass(1_000);
  assert.deepEqual([fails, sent], [0, []]);
  // Half of 4 s, the bound after a second attempt.
  await pass(1_400);
  assert.deepEqual(sent, [push]);
  assert.equal(await depth(), 0);
});

/** More devices: each is queued twenty pushes at most. */
async function enqueueToMany(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    if (i % 20 === 0) {
      const token = `${10 + i / 20}`.repeat(32);
      registration = await registry.register({
        ...{ app: 'siskin', convention: 'tigase', account: 'juliet@example.net', device: token, token },
        withSecret: false,
      });
    }
    await enqueue('alert');
  }
}

test('retry - a provider is told to keep a queued push no longer than it is worth sending', async () => {
  const giveUpAtMs = forward.now() + 30_000;
  await enqueue('call-alert', { giveUpAtMs });
  retryScheduler.start();
  await pass(200);
  assert.deepEqual(
    sent.map(({ expiresAtMs }) => expiresAtMs),
    [giveUpAtMs],
  );
});

test('retry - 200 a second unless said otherwise', async () => {
  retryScheduler = schedulerFor(apnsAppOf({ inFlight: 1_000 }));
  await enqueueToMany(60);
  retryScheduler.start();
  for (const expected of [20, 40, 60]) {
    await pass(100);
    assert.equal(sent.length, expected);
  }
});

test('retry - what is queued takes half of the places at most', async () => {
  sendAs = () => new Promise<PushResult>((resolve) => void clock.after(1_000, () => resolve({ kind: 'accepted' })));
  retryScheduler = schedulerFor(apnsAppOf({ inFlight: 10 }));
  for (let i = 0; i < 20; i += 1) await enqueue('alert');
  retryScheduler.start();
  await pass(900);
  const halfway = [sent.length, appSender.free];
  await pass(5_000);
  assert.deepEqual([halfway, sent.length], [[5, 5], 20]);
});

test('retry - a queued call does not wait for the share of its device', async () => {
  retryScheduler = schedulerFor(apnsAppOf(), 100, { pushesPerRegistration: { burst: 1, perSecond: 0.01 } });
  for (let i = 0; i < 3; i += 1) await enqueue('voip');
  retryScheduler.start();
  await pass(300);
  assert.equal(sent.length, 3);
});

test('retry - all attempts for a queued push end after 15 s', async () => {
  outcomes.push({ kind: 'payload-rejected', reason: 'PayloadTooLarge' });
  sendAs = () => {
    const outcome = outcomes.shift() ?? { kind: 'accepted' };
    return new Promise((resolve) => void clock.after(9_000, () => resolve(outcome)));
  };
  await enqueue('alert');
  retryScheduler.start();
  await pass(20_000);
  assert.deepEqual(deadlines, [10_000, 6_000]);
});

test('retry - a store that does not answer has queued no less than before', async () => {
  for (let i = 0; i < 3; i += 1) await enqueue('alert', {}, 3_000_000);
  retryScheduler.start();
  await pass(10_000);
  const shown = async () => (await metrics.outboxDepth.get()).values.map(({ value }) => value);
  assert.deepEqual(await shown(), [3]);
  const { stats } = outbox;
  let asked = 0;
  outbox.stats = () => {
    asked += 1;
    return Promise.resolve(undefined);
  };
  clock.advance(10_000);
  await eventually('the store is asked', () => asked > 0 || undefined);
  await new Promise(setImmediate);
  outbox.stats = stats;
  assert.deepEqual(await shown(), [3]);
});

test('retry - when the oldest queued push was stored is shown, and nothing once there is none', async () => {
  const oldest = async () => (await metrics.outboxOldest.get()).values.map(({ value }) => value);
  const storedAtS = Math.floor(clock.now() / 1000);
  await enqueue('alert', {}, 3_600);
  retryScheduler.start();
  await pass(1_000);
  assert.deepEqual(await oldest(), [storedAtS]);
  await pass(20_000);
  assert.equal(sent.length, 1);
  assert.deepEqual(await oldest(), []);
});

test('retry - what was stored although the answer to that came too late is found within ten seconds', async () => {
  retryScheduler.start();
  await pass(5_000);
  const { expect } = retryScheduler;
  retryScheduler.expect = () => {};
  const push = await enqueue('alert');
  retryScheduler.expect = expect;
  await pass(4_500);
  assert.deepEqual(sent, []);
  await pass(800);
  assert.deepEqual(
    sent.map(({ id }) => id),
    [push.id],
  );
});

test('retry - a call is tried again within seconds, anything else within five minutes', () => {
  const call = { baseMs: 1_000, capMs: 4_000 };
  const other = { baseMs: 2_000, capMs: 300_000 };
  assert.deepEqual(
    (['voip', 'call-alert', 'alert', 'background'] as const).map((kind) => retryPause({ kind })),
    [call, call, other, other],
  );
});

test('retry - finding no place is no attempt: the next pause is no longer than the one before', async () => {
  const hanging = Promise.withResolvers<PushResult>();
  sendAs = () => hanging.promise;
  retryScheduler = schedulerFor(apnsAppOf({ inFlight: 1 }));
  const push = await enqueue('alert');
  // Somebody else has the only place.
  void appSender.attempt({ ...push, id: randomUUID() }, { token: registration.token, registeredAtMs: 0 }, 60_000);
  const rescheduled: number[] = [];
  const { reschedule } = outbox;
  outbox.reschedule = (id, dueAtMs, attempts) => {
    rescheduled.push(attempts);
    reschedule(id, dueAtMs, attempts);
  };
  retryScheduler.start();
  await pass(10_000);
  hanging.resolve({ kind: 'accepted' });
  assert.ok(rescheduled.length >= 3, `${rescheduled.length}`);
  assert.deepEqual(new Set(rescheduled), new Set([1]));
});

test('retry - what became of queued pushes is counted', async () => {
  outcomes.push(
    { kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' },
    { kind: 'dead-token', reason: 'Unregistered' },
  );
  await enqueue('alert');
  retryScheduler.start();
  await pass(5_000);
  await enqueue('alert');
  await pass(500);
  const counted = (await metrics.retried.get()).values.map(({ labels, value }) => [labels.outcome, value]);
  assert.deepEqual(Object.fromEntries(counted), { rescheduled: 1, gone: 1, unregistered: 1 });
});
