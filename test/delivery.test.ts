import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { createDelivery, type Delivery } from '../src/delivery.ts';
import type { App, Device, Outcome, Provider, Push, Registration } from '../src/push.ts';
import type { Registry } from '../src/registry/contract.ts';
import { openRegistry } from '../src/registry/open.ts';
import { manualClock, type ManualClock } from './support/clock.ts';
import { apnsAppOf, notificationOf } from './support/registrations.ts';
import { recordedLog } from './support/telemetry.ts';
import { createMetrics, type Metrics } from '../src/telemetry.ts';

// The provider is the edge here: it plays back outcomes. Registry and everything between are real.

const folder = await mkdtemp(join(tmpdir(), 'sealpost-delivery-'));
after(() => rm(folder, { recursive: true }));

interface Attempt {
  push: Push;
  device: Device;
  deadlineMs: number;
}

let clock: ManualClock;
let registry: Registry;
let delivery: Delivery;
let attempts: Attempt[];
let outcomes: (Outcome | Promise<Outcome>)[];
let lines: string[];
let metrics: Metrics;
let databases = 0;

const registryOptions = { clock: manualClock(), randomBytes, metrics: createMetrics('test'), log: recordedLog().log };

beforeEach(async () => {
  databases += 1;
  clock = manualClock();
  metrics = createMetrics('test');
  const store = { kind: 'sqlite', path: join(folder, `${databases}.db`) } as const;
  registry = await openRegistry({ ...registryOptions, store, clock });
  attempts = [];
  outcomes = [];
  delivery = deliveryFor(apnsAppOf());
});

function deliveryFor(app: App) {
  const provider: Provider = {
    send(push, device, deadlineMs) {
      attempts.push({ push, device, deadlineMs });
      return Promise.resolve(outcomes.shift() ?? { kind: 'delivered' });
    },
    largestCiphertext: () => 3072,
    drain: () => Promise.resolve(),
  };
  const recorded = recordedLog();
  lines = recorded.lines;
  return createDelivery({
    registry,
    apps: new Map([[app.name, { app, provider }]]),
    clock,
    randomUuid: randomUUID,
    log: recorded.log,
    metrics,
  });
}

function register(over: { secondToken?: string; withSecret?: boolean; app?: string } = {}): Promise<Registration> {
  const token = 'ab'.repeat(32);
  return registry.register({
    app: 'siskin',
    convention: 'tigase',
    account: 'romeo@example.net',
    device: token,
    token,
    withSecret: false,
    ...over,
  });
}

const second = 'cd'.repeat(32);
const sealed = notificationOf().content;
const call = { ...sealed, voip: true } as typeof sealed;

test('delivery - a delivered push is answered result', async () => {
  const { node } = await register();
  assert.equal(await delivery.deliver(notificationOf({ node })), 'result');
  const [attempt] = attempts;
  assert.equal(attempt?.device.token, 'ab'.repeat(32));
  assert.equal(attempt?.push.account, 'romeo@example.net');
  assert.equal(attempt?.push.expiresAtMs, clock.now() + 7 * 86_400_000);
});

test('delivery - an unknown node is item-not-found and reaches no provider', async () => {
  assert.equal(await delivery.deliver(notificationOf({ node: 'x'.repeat(32) })), 'item-not-found');
  assert.equal(attempts.length, 0);
});

test('delivery - another server’s publish is forbidden and harms nothing', async () => {
  const { node } = await register();
  assert.equal(await delivery.deliver(notificationOf({ node, publisher: 'evil.example' })), 'forbidden');
  assert.equal(attempts.length, 0);
  assert.ok(await registry.find(node));
});

test('delivery - a registration of an app that left the config is kept', async () => {
  const { node } = await register({ app: 'former' });
  assert.equal(await delivery.deliver(notificationOf({ node })), 'internal-server-error');
  assert.ok(await registry.find(node));
});

for (const outcome of [
  { kind: 'retry', reason: 'ServiceUnavailable' },
  { kind: 'misconfigured', reason: 'InvalidProviderToken' },
] as const) {
  test(`delivery - ${outcome.kind} is internal-server-error and keeps the registration`, async () => {
    const { node } = await register();
    outcomes.push(outcome);
    assert.equal(await delivery.deliver(notificationOf({ node })), 'internal-server-error');
    assert.ok(await registry.find(node));
  });
}

test('delivery - gone removes the registration and is item-not-found, from then on too', async () => {
  const { node } = await register();
  outcomes.push({ kind: 'gone', reason: 'Unregistered' });
  assert.equal(await delivery.deliver(notificationOf({ node })), 'item-not-found');
  assert.equal(await registry.find(node), undefined);
  assert.equal(await delivery.deliver(notificationOf({ node })), 'item-not-found');
  assert.equal(attempts.length, 1);
});

test('delivery - gone does not remove a registration that was renewed while the push was under way', async () => {
  const { node } = await register();
  const answer = Promise.withResolvers<Outcome>();
  outcomes.push(answer.promise);
  const delivered = delivery.deliver(notificationOf({ node }));
  clock.advance(1000);
  await register();
  answer.resolve({ kind: 'gone', reason: 'Unregistered' });
  assert.equal(await delivered, 'internal-server-error');
  assert.ok(await registry.find(node));
});

test('delivery - a dead second token is dropped alone, and the call goes out as an alert', async () => {
  const { node } = await register({ secondToken: second });
  outcomes.push({ kind: 'gone', reason: 'Unregistered' });
  assert.equal(await delivery.deliver(notificationOf({ node, content: call })), 'result');
  assert.deepEqual(
    attempts.map(({ push, device }) => [push.kind, device.token]),
    [
      ['voip', second],
      ['call-alert', 'ab'.repeat(32)],
    ],
  );
  const kept = await registry.find(node);
  assert.ok(kept);
  assert.equal(kept.secondToken, undefined);
});

test('delivery - a call that PushKit cannot carry goes out as an alert', async () => {
  const { node } = await register({ secondToken: second });
  outcomes.push({ kind: 'refused', reason: 'PayloadTooLarge' });
  assert.equal(await delivery.deliver(notificationOf({ node, content: call })), 'result');
  assert.deepEqual(
    attempts.map(({ push }) => push.kind),
    ['voip', 'call-alert'],
  );
  assert.equal((await registry.find(node))?.secondToken, second);
});

test('delivery - a refused payload is sent once more without content and answered result', async () => {
  const { node } = await register();
  const refused = { kind: 'refused', reason: 'PayloadTooLarge' } as const;
  outcomes.push(refused, refused);
  assert.equal(await delivery.deliver(notificationOf({ node })), 'result');
  assert.deepEqual(
    attempts.map(({ push }) => push.content.kind),
    ['sealed', 'none'],
  );
});

test('delivery - the environment that accepted a token is remembered', async () => {
  const { node } = await register();
  outcomes.push({ kind: 'delivered', environment: 'sandbox' });
  await delivery.deliver(notificationOf({ node }));
  await delivery.deliver(notificationOf({ node }));
  assert.equal(attempts[1]?.device.environment, 'sandbox');
});

test('delivery - wake-ups of one registration are coalesced, the last one is sent when the interval ends', async () => {
  const { node } = await register();
  const { priority: _, ...plain } = notificationOf({ node, content: { kind: 'summary' } });
  for (let i = 0; i < 5; i += 1) assert.equal(await delivery.deliver(plain), 'result');
  assert.equal(attempts.length, 1);
  clock.advance(20_000);
  await delivery.drain();
  assert.deepEqual(
    attempts.map(({ push }) => push.kind),
    ['background', 'background'],
  );
});

test('delivery - a coalesced wake-up for a registration that was removed meanwhile is dropped', async () => {
  const { node } = await register();
  const { priority: _, ...plain } = notificationOf({ node, content: { kind: 'summary' } });
  await delivery.deliver(plain);
  await delivery.deliver(plain);
  await registry.unregister({ account: 'romeo@example.net', token: 'ab'.repeat(32) });
  await delivery.drain();
  assert.equal(attempts.length, 1);
});

test('delivery - beyond width and queue of the bulkhead publishes are sent back, none waits longer than the answer may take', async () => {
  delivery = deliveryFor(apnsAppOf({ inFlight: 1 }));
  const { node } = await register();
  const hanging = Promise.withResolvers<Outcome>();
  outcomes.push(hanging.promise);
  const all = Array.from({ length: 13 }, () => delivery.deliver(notificationOf({ node })));
  const early = await Promise.race([all[11], all[12]]);
  assert.equal(early, 'internal-server-error');
  clock.advance(20_000);
  assert.equal(await all[5], 'internal-server-error');
  hanging.resolve({ kind: 'delivered' });
  assert.equal(await all[0], 'result');
  assert.equal(attempts.length, 1);
});

test('delivery - a misconfigured app is complained about once a minute, without names', async () => {
  const { node } = await register();
  for (const pauseMs of [0, 30_000, 31_000]) {
    clock.advance(pauseMs);
    outcomes.push({ kind: 'misconfigured', reason: 'InvalidProviderToken' });
    await delivery.deliver(notificationOf({ node }));
  }
  const complaints = lines.filter((line) => line.includes('"level":50'));
  assert.equal(complaints.length, 2);
  for (const secret of [node, 'romeo', 'ab'.repeat(32)]) assert.ok(!complaints.join('').includes(secret));
  assert.deepEqual(delivery.states().get('siskin'), { kind: 'misconfigured', reason: 'InvalidProviderToken' });
});

test('delivery - a store that fails is internal-server-error', async () => {
  const { node } = await register();
  await registry.close();
  assert.equal(await delivery.deliver(notificationOf({ node })), 'internal-server-error');
});

test('delivery - drain waits for what is under way', async () => {
  const { node } = await register();
  const answer = Promise.withResolvers<Outcome>();
  outcomes.push(answer.promise);
  const delivered = delivery.deliver(notificationOf({ node }));
  let drained = false;
  const draining = delivery.drain().then(() => (drained = true));
  await new Promise(setImmediate);
  assert.equal(drained, false);
  answer.resolve({ kind: 'delivered' });
  await draining;
  assert.equal(await delivered, 'result');
});
