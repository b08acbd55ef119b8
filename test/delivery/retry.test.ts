import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import { createDispatcher } from '../../src/delivery/dispatch.ts';
import { createRateLimits, defaultRateLimits, type Shares } from '../../src/delivery/rate-limits.ts';
import { createGuard } from '../../src/guard/guard.ts';
import { createAppSender, type AppSender } from '../../src/sending/app-sender.ts';
import type { Outbox, OwedPush } from '../../src/store/outbox/contract.ts';
import { openSqliteOutbox } from '../../src/store/outbox/sqlite.ts';
import type { App } from '../../src/core/app.ts';
import type { PushResult, Push, PushKind } from '../../src/core/push.ts';
import type { Provider } from '../../src/providers/provider.ts';
import type { Registration } from '../../src/core/registration.ts';
import { createRetryScheduler, type RetryScheduler } from '../../src/delivery/retry.ts';
import type { Registry } from '../../src/store/registry/contract.ts';
import { openRegistry } from '../../src/store/registry/open.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { manualClock, type ManualClock, wallOf } from '../support/clock.ts';
import { apnsAppOf } from '../support/registrations.ts';
import { quietTelemetry } from '../support/telemetry.ts';

// The provider is the edge here: it plays back outcomes. Registry and outbox are real.

const folder = await mkdtemp(join(tmpdir(), 'sealpost-redelivery-'));
after(() => rm(folder, { recursive: true }));

const { log } = quietTelemetry();
let databases = 0;
let clock: ManualClock;
let registry: Registry;
let outbox: Outbox;
let registration: Registration;
let sent: Push[];
/** Of each attempt in `sent`, milliseconds. */
let deadlines: number[];
let outcomes: PushResult[];
let retryScheduler: RetryScheduler;
let appSender: AppSender;
/** In place of `outcomes`. */
let sendAs: (() => Promise<PushResult>) | undefined;

beforeEach(async () => {
  databases += 1;
  clock = manualClock();
  const metrics = createMetrics('test');
  const store = { kind: 'sqlite', path: join(folder, `${databases}.db`) } as const;
  registry = await openRegistry({ store, clock, randomBytes, metrics, log });
  const path = join(folder, `${databases}.outbox.db`);
  outbox = await openSqliteOutbox({ path, clock: wallOf(clock), metrics, log });
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
  retryScheduler = redeliveryFor(apnsAppOf());
});

afterEach(async () => {
  await retryScheduler.drain();
  await outbox.close();
  await registry.close();
});

function redeliveryFor(app: App, perSecond?: number, given: Partial<Shares> = {}): RetryScheduler {
  const provider: Provider = {
    send(push, _device, deadlineMs) {
      sent.push(push);
      deadlines.push(deadlineMs);
      if (sendAs) return sendAs();
      return Promise.resolve(outcomes.shift() ?? { kind: 'delivered' });
    },
    largestCiphertext: () => 3072,
    drain: () => Promise.resolve(),
  };
  const metrics = createMetrics('test');
  const random = () => 0.5;
  const guard = createGuard({ apps: [app.name], clock, log, metrics });
  appSender = createAppSender({ app, provider, clock, random, log, metrics });
  return createRetryScheduler({
    registry,
    appSenders: new Map([[app.name, appSender]]),
    dispatcher: createDispatcher({ registry, guard, onRemoved: ({ node }) => outbox.removeNode(node), clock, log }),
    outbox,
    shares: createRateLimits({ shares: { ...defaultRateLimits, ...given }, clock }),
    clock,
    random,
    log,
    metrics,
    ...(perSecond !== undefined && { perSecond }),
  });
}

async function owe(kind: PushKind, over: Partial<OwedPush> = {}, dueInMs = 0): Promise<Push> {
  const push: Push = {
    id: randomUUID(),
    app: 'siskin',
    node: registration.node,
    kind,
    account: 'romeo@example.net',
    content: { kind: 'sealed', ciphertext: 'c2VhbGVkIGNvbnRlbnQgaGVyZQ==', iv: 'AAECAwQFBgcICQoL' },
    expiresAtMs: kind === 'voip' ? 0 : clock.now() + 3_600_000,
  };
  const target = kind === 'voip' ? 'second' : 'first';
  const giveUpAtMs = kind === 'voip' ? outbox.now() + 30_000 : outbox.now() + 3_600_000;
  const owed = { push, target, attempts: 1, storedAtMs: outbox.now(), giveUpAtMs, ...over } as const;
  assert.equal(await outbox.put(owed, outbox.now() + dueInMs), 'stored');
  retryScheduler.expect(push, outbox.now() + dueInMs);
  return push;
}

/** Lets time pass in ticks, and everything that it sets going come to rest after each. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    // The outbox answers from another thread: a question behind the others in its queue comes back after them.
    for (let i = 0; i < 3; i += 1) await outbox.stats();
    await new Promise(setImmediate);
  }
}

async function depth(): Promise<number> {
  return (await outbox.stats())?.get('siskin')?.depth ?? 0;
}

test('redelivery - an owed push is sent when it falls due, as the very push that it was', async () => {
  retryScheduler.start();
  const push = await owe('alert', {}, 1000);
  await pass(900);
  assert.deepEqual(sent, []);
  await pass(300);
  assert.deepEqual(sent, [push]);
  assert.equal(await depth(), 0);
});

test('redelivery - what an earlier process left behind is sent from the start on', async () => {
  const push = await owe('alert');
  retryScheduler.start();
  await pass(200);
  assert.deepEqual(sent, [push]);
});

test('redelivery - what fails again waits longer each time', async () => {
  retryScheduler.start();
  const retry = { kind: 'retry', reason: 'ServiceUnavailable' } as const;
  outcomes.push(retry, retry, retry);
  await owe('alert');
  const timesMs: number[] = [];
  const startedAtMs = clock.monotonic();
  for (let seen = 0; seen < 4;) {
    await pass(100);
    if (sent.length > seen) timesMs.push(clock.monotonic() - startedAtMs);
    seen = sent.length;
  }
  // Half of 4, 8 and 16 s, and at most two ticks for the claim.
  const pauses = timesMs.slice(1).map((time, i) => time - (timesMs[i] ?? 0));
  for (const [i, boundMs] of [2000, 4000, 8000].entries()) {
    const pauseMs = pauses[i] ?? 0;
    assert.ok(pauseMs >= boundMs && pauseMs <= boundMs + 300, `pause ${i} was ${pauseMs} ms`);
  }
  assert.equal(new Set(sent.map(({ id }) => id)).size, 1);
});

test('redelivery - what the provider asks to wait is obeyed', async () => {
  retryScheduler.start();
  outcomes.push({ kind: 'retry', reason: 'TooManyRequests', afterMs: 30_000, scope: 'device' });
  await owe('alert');
  await pass(30_000);
  assert.equal(sent.length, 1);
  await pass(3000);
  assert.equal(sent.length, 2);
});

test('redelivery - calls go first, then the newest', async () => {
  const old = await owe('alert', { storedAtMs: clock.now() - 5000 });
  const recent = await owe('alert', { storedAtMs: clock.now() - 1000 });
  const call = await owe('voip', { storedAtMs: clock.now() - 3000 });
  retryScheduler.start();
  await pass(300);
  assert.deepEqual(
    sent.map(({ id }) => id),
    [call.id, recent.id, old.id],
  );
});

test('redelivery - a call is given up after half a minute', async () => {
  retryScheduler.start();
  await owe('voip', {}, 29_000);
  clock.step(31_000);
  await pass(12_000);
  assert.deepEqual(sent, []);
  assert.equal(await depth(), 0);
});

test('redelivery - an owed call whose device has no second token any more goes out as an alert to the first', async () => {
  retryScheduler.start();
  const owedAtMs = clock.now();
  const push = await owe('voip', {}, 500);
  await registry.dropSecondToken(registration.node, 'cd'.repeat(32));
  await pass(1000);
  assert.deepEqual(
    sent.map(({ id, kind }) => ({ id, kind })),
    [{ id: push.id, kind: 'call-alert' }],
  );
  // The half minute is that of the call, not one of its own.
  assert.ok((sent[0]?.expiresAtMs ?? 0) <= owedAtMs + 30_000);
});

test('redelivery - the rate is never exceeded', async () => {
  retryScheduler = redeliveryFor(apnsAppOf(), 50);
  for (let i = 0; i < 18; i += 1) await owe('alert');
  retryScheduler.start();
  let before = 0;
  for (let tick = 0; tick < 4; tick += 1) {
    await pass(100);
    assert.ok(sent.length - before <= 5, `${sent.length - before} in a tenth of a second`);
    before = sent.length;
  }
  assert.equal(sent.length, 18);
});

test('redelivery - where more comes in than the provider takes, what is owed has its turn', async () => {
  const arrivals: PromiseWithResolvers<PushResult>[] = [];
  sendAs = () => {
    const arrival = Promise.withResolvers<PushResult>();
    arrivals.push(arrival);
    return arrival.promise;
  };
  retryScheduler = redeliveryFor(apnsAppOf({ inFlight: 2 }));
  const incoming = await owe('alert');
  await outbox.claim('siskin', outbox.now(), 1);
  outbox.settle(incoming.id);
  const arrive = () => appSender.attempt(incoming, { token: registration.token, registeredAtMs: 0 }, 10_000);
  for (let i = 0; i < 6; i += 1) void arrive();
  const push = await owe('alert');
  retryScheduler.start();
  await pass(200);
  assert.ok(!sent.some(({ id }) => id === push.id));
  for (let i = 0; i < 6; i += 1) {
    void arrive();
    arrivals.shift()?.resolve({ kind: 'delivered' });
    await pass(100);
  }
  assert.ok(sent.some(({ id }) => id === push.id));
  for (const arrival of arrivals) arrival.resolve({ kind: 'delivered' });
  sendAs = undefined;
  await pass(100);
  for (const arrival of arrivals) arrival.resolve({ kind: 'delivered' });
});

test('redelivery - a registration that was removed takes its owed pushes along', async () => {
  await owe('alert');
  await registry.unregister({ account: 'romeo@example.net', token: 'ab'.repeat(32) });
  retryScheduler.start();
  await pass(300);
  assert.deepEqual(sent, []);
  assert.equal(await depth(), 0);
});

test('redelivery - what is owed to a node that the store has lost is kept until it is back or worthless', async () => {
  const push = await owe('alert', { push: { ...(await owe('alert')), id: randomUUID(), node: 'lost' } });
  retryScheduler.start();
  await pass(10_000);
  assert.deepEqual(
    sent.map(({ node }) => node),
    [registration.node],
  );
  assert.equal(await depth(), 1);
  clock.advance(push.expiresAtMs - clock.now());
  await pass(10_000);
  assert.equal(await depth(), 0);
});

test('redelivery - a token that proves dead removes the registration and all that is owed to it', async () => {
  retryScheduler = redeliveryFor(apnsAppOf(), 10);
  for (let i = 0; i < 5; i += 1) await owe('alert');
  outcomes.push({ kind: 'gone', reason: 'Unregistered' });
  retryScheduler.start();
  await pass(600);
  assert.equal(sent.length, 1);
  assert.equal(await registry.find(registration.node), undefined);
  assert.equal(await depth(), 0);
});

test('redelivery - while the provider is spared one push at a time finds out whether it is back', async () => {
  retryScheduler.start();
  for (let i = 0; i < 40; i += 1) outcomes.push({ kind: 'retry', reason: 'ServiceUnavailable' });
  for (let i = 0; i < 40; i += 1) await owe('alert');
  await pass(1000);
  const burst = sent.length;
  assert.ok(burst <= 20, `${burst} before it was spared`);
  await pass(1000);
  assert.ok(sent.length - burst <= 3, `${sent.length - burst} probes in a second`);
  outcomes.length = 0;
  await pass(120_000);
  assert.equal(await depth(), 0);
});

test('redelivery - a call finds out whether the provider is back sooner than the rest', async () => {
  retryScheduler.start();
  for (let i = 0; i < 17; i += 1) outcomes.push({ kind: 'retry', reason: 'ServiceUnavailable' });
  for (let i = 0; i < 20; i += 1) await owe('alert');
  while (outcomes.length > 0) await pass(100);
  const attempts = sent.length;
  await pass(100);
  // By now pauses are of half a minute.
  const push = await owe('voip');
  await pass(5_100);
  assert.equal(sent[attempts]?.id, push.id);
  assert.ok(sent.length > attempts + 1, 'the rest follows at once');
});

test('redelivery - a clock that is set back holds nothing up', async () => {
  retryScheduler.start();
  const push = await owe('alert', {}, 500);
  clock.step(-600_000);
  await pass(700);
  // What is left of its hour is told by the clock as it is now.
  const leftMs = 3_600_000 - 600;
  assert.deepEqual(
    sent.map(({ id, expiresAtMs }) => ({ id, leftMs: expiresAtMs - clock.now() })),
    [{ id: push.id, leftMs: leftMs - 100 }],
  );
});

test('redelivery - a clock that is set back lets no call ring that is over', async () => {
  retryScheduler.start();
  await owe('voip', {}, 31_000);
  clock.step(-600_000);
  await pass(32_000);
  assert.deepEqual(sent, []);
  await pass(10_000);
  assert.equal(await depth(), 0);
});

test('redelivery - a call of times to come, stored before the clock was set back, is over', async () => {
  retryScheduler.start();
  await owe('voip', { storedAtMs: outbox.now() + 600_000, giveUpAtMs: outbox.now() + 630_000 });
  await pass(300);
  assert.deepEqual(sent, []);
  assert.equal(await depth(), 0);
});

test('redelivery - no attempt for a call lasts beyond its half minute', async () => {
  retryScheduler.start();
  const push = await owe('voip', {}, 25_000);
  await pass(25_300);
  assert.deepEqual(sent, [push]);
  assert.ok((deadlines[0] ?? Infinity) <= 5_000, `${deadlines[0]} ms`);
});

test('redelivery - drain waits for what is claimed and claims nothing more', async () => {
  retryScheduler.start();
  await owe('alert');
  await retryScheduler.drain();
  await pass(500);
  assert.deepEqual(sent, []);
  assert.equal(await depth(), 1);
});

test('redelivery - what a busy device is owed queues up and costs nobody else a place', async () => {
  retryScheduler = redeliveryFor(apnsAppOf(), 20, { pushesPerRegistration: { burst: 1, perSecond: 1 } });
  const quiet = await owe('alert', {}, 2_000);
  let claims = 0;
  const { claim } = outbox;
  outbox.claim = async (...asked) => {
    const claimed = await claim(...asked);
    claims += claimed.pushes.length;
    return claimed;
  };
  const account = 'juliet@example.net';
  const token = 'ef'.repeat(32);
  registration = await registry.register({
    ...{ app: 'siskin', convention: 'tigase', account, device: token, token, withSecret: false },
  });
  for (let i = 0; i < 19; i += 1) await owe('alert');
  retryScheduler.start();
  await pass(2_300);
  assert.ok(sent.some(({ id }) => id === quiet.id));
  assert.ok(claims <= 19 + 3 + 1, `${claims} claimed`);
  await pass(17_000);
  assert.equal(sent.length, 20);
});

test('redelivery - a registration is sent no more than its share', async () => {
  retryScheduler = redeliveryFor(apnsAppOf(), 100, { pushesPerRegistration: { burst: 2, perSecond: 1 } });
  for (let i = 0; i < 4; i += 1) await owe('alert');
  retryScheduler.start();
  await pass(500);
  assert.equal(sent.length, 2);
  await pass(2000);
  assert.ok(sent.length <= 4);
  await pass(4000);
  assert.equal(sent.length, 4);
});
