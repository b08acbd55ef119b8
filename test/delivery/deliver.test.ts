import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import type { Delivery } from '../../src/delivery/deliver.ts';
import type { RateLimitSettings } from '../../src/delivery/rate-limits.ts';
import type { AppSender } from '../../src/sending/app-sender.ts';
import { createLookup, type Lookup } from '../../src/delivery/lookup.ts';
import type { Outbox, QueuedPush } from '../../src/store/outbox/contract.ts';
import type { App } from '../../src/core/app.ts';
import type { Device, Provider } from '../../src/providers/provider.ts';
import type { PushResult, Push } from '../../src/core/push.ts';
import type { Registration } from '../../src/core/registration.ts';
import type { Registry } from '../../src/store/registry/contract.ts';
import { type OpenedRegistry, openOutbox, openRegistryHere } from '../support/store.ts';
import { assemble } from '../support/assemble.ts';
import { nodeKeys, nodeNames, otherNodeKeys } from '../support/nodes.ts';
import { manualClock, type ManualClock, turnsUntil, wallOf } from '../support/clock.ts';
import { apnsAppOf, fcmAppOf, notificationOf } from '../support/registrations.ts';
import { recordedLog } from '../support/telemetry.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';

// The provider is the edge here: it plays back outcomes. Registry, outbox and everything between are real.

const folder = await mkdtemp(join(tmpdir(), 'sealpost-delivery-'));
after(() => rm(folder, { recursive: true }));

const sealedContent = {
  kind: 'sealed',
  ciphertext: 'c2VhbGVkIGNvbnRlbnQgaGVyZQ==',
  iv: 'AAECAwQFBgcICQoL',
  voip: false,
} as const;

interface Attempt {
  push: Push;
  device: Device;
  deadlineMs: number;
}

let clock: ManualClock;
let registry: OpenedRegistry;
let outbox: Outbox;
let appSender: AppSender;
let queuedTimes: number[];
let told: string[];
let delivery: Delivery;
let attempts: Attempt[];
let outcomes: (PushResult | Promise<PushResult>)[];
let lines: string[];
let metrics: Metrics;
let databases = 0;

const registryOptions = { nodes: nodeNames(), metrics: createMetrics('test'), log: recordedLog().log };

afterEach(async () => {
  await outbox.close();
});

beforeEach(async () => {
  databases += 1;
  clock = manualClock();
  metrics = createMetrics('test');
  const store = { kind: 'sqlite', path: join(folder, `${databases}.db`) } as const;
  registry = await openRegistryHere({ ...registryOptions, store, clock });
  const path = join(folder, `${databases}.outbox.db`);
  const own = { store: { kind: 'sqlite', path }, clock, forward: wallOf(clock) } as const;
  outbox = await openOutbox({ ...own, metrics, log: recordedLog().log });
  queuedTimes = [];
  told = [];
  attempts = [];
  outcomes = [];
  delivery = deliveryFor(apnsAppOf());
});

function deliveryFor(app: App, limits: Partial<RateLimitSettings> = {}, lookup: Lookup = lookupFor(app)) {
  const provider: Provider = {
    send(push, device, deadlineMs) {
      attempts.push({ push, device, deadlineMs });
      return Promise.resolve(outcomes.shift() ?? { kind: 'accepted' });
    },
    largestCiphertext: () => 3072,
    hurry: () => {},
    drain: () => Promise.resolve(),
  };
  const recorded = recordedLog();
  lines = recorded.lines;
  const onQueued = (_: Push, dueAtMs: number) => queuedTimes.push(dueAtMs);
  const { log } = recorded;
  const onOutcome = ({ token }: Registration, outcome: string) => void told.push(`${token.slice(0, 2)} ${outcome}`);
  const given = { limits, onQueued, onOutcome };
  const parts = assemble({ app, provider, registry: lookup, outbox, clock, log, metrics, ...given });
  appSender = parts.appSender;
  return parts.delivery;
}

function lookupFor(app: App, over: Partial<Registry> = {}, nodes = nodeNames()): Lookup {
  return createLookup({ registry: { ...registry, ...over }, nodes, apps: [app], clock });
}

/** Every push that the outbox would lease at any time. */
async function queued(): Promise<readonly QueuedPush[]> {
  const latest = Math.max(clock.now(), ...queuedTimes);
  return (await outbox.lease('siskin', latest, 100)).pushes;
}

function register(
  over: { account?: string; secondToken?: string; withSecret?: boolean; app?: string; token?: string } = {},
): Promise<Registration> {
  const { token = 'ab'.repeat(32) } = over;
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

const romeosPhone = {
  app: 'siskin',
  convention: 'tigase',
  account: 'romeo@example.net',
  device: 'ab'.repeat(32),
  token: 'ab'.repeat(32),
  withSecret: false,
};
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

/** A new, empty store; the node key stays. */
async function loseStore(app: App = apnsAppOf()): Promise<void> {
  databases += 1;
  await registry.close();
  const store = { kind: 'sqlite', path: join(folder, `${databases}.db`) } as const;
  registry = await openRegistryHere({ ...registryOptions, store, clock, metrics });
  delivery = deliveryFor(app);
}

test('delivery - a node that never was ours is item-not-found from the first, and reaches no provider', async () => {
  const byAnotherKey = nodeNames({ keyring: [otherNodeKeys] }).make(romeosPhone).node;
  for (const node of ['x'.repeat(32), 'lost', byAnotherKey, `${byAnotherKey}A`, 'ab'.repeat(32), '']) {
    assert.equal(await delivery.deliver(notificationOf({ node })), 'item-not-found', node);
  }
  assert.equal(attempts.length, 0);
  assert.equal((await registry.count()).size, 0);
});

test('delivery - after the store was lost a node with tokens is enough: the push goes out, and it is registered again', async () => {
  const { node } = await register({ secondToken: second });
  await loseStore();
  assert.equal(await delivery.deliver(notificationOf({ node })), 'result');
  assert.equal(await delivery.deliver(notificationOf({ node, content: call })), 'result');
  assert.deepEqual(
    attempts.map(({ push, device }) => [push.node, push.account, push.kind, device.token]),
    [
      [node, 'romeo@example.net', 'alert', 'ab'.repeat(32)],
      [node, 'romeo@example.net', 'voip', second],
    ],
  );
  const { registeredAtMs, ...found } = (await registry.find(node)) ?? { registeredAtMs: -1 };
  assert.equal(registeredAtMs, 0);
  assert.deepEqual(found, {
    node,
    app: 'siskin',
    convention: 'tigase',
    account: 'romeo@example.net',
    device: 'ab'.repeat(32),
    token: 'ab'.repeat(32),
    tokenKey: 'JxpBO9M5xXCf3Ors',
    secondToken: second,
    isRestored: true,
  });
  const text = await metrics.registry.metrics();
  assert.match(text, /^sealpost_registrations_readmitted_total\{app="siskin"\} 1$/m);
  assert.match(text, /^sealpost_registrations\{app="siskin"\} 1$/m);
});

test('delivery - publishes at the same time make one registration of one node', async () => {
  const { node } = await register();
  await loseStore();
  const answers = await Promise.all(Array.from({ length: 20 }, () => delivery.deliver(notificationOf({ node }))));
  assert.deepEqual(new Set(answers), new Set(['result']));
  assert.deepEqual(await registry.count(), new Map([['siskin', 1]]));
});

test('delivery - who may not publish to a lost registration makes nothing of its node', async () => {
  const { node } = await register();
  const { node: withSecret, secret = '' } = await registry.register({
    ...romeosPhone,
    convention: 'http',
    withSecret: true,
  });
  await loseStore();
  for (const publisher of [
    'evil.example',
    'mallory@example.net',
    'example.net.evil.example',
    'romeo@example.net/phone',
  ]) {
    assert.equal(await delivery.deliver(notificationOf({ node, publisher })), 'forbidden', publisher);
  }
  assert.equal(await delivery.deliver(notificationOf({ node: withSecret })), 'forbidden');
  assert.equal(await delivery.deliver(notificationOf({ node: withSecret, secret: 'guessed' })), 'forbidden');
  assert.equal((await registry.count()).size, 0);
  assert.equal(attempts.length, 0);
  assert.equal(await delivery.deliver(notificationOf({ node: withSecret, secret })), 'result');
});

test('delivery - a server beyond its share makes nothing of nodes', async () => {
  const { node } = await register();
  await loseStore();
  delivery = deliveryFor(apnsAppOf(), { publishesPerDomain: { perSecond: 0.001, burst: 1 } });
  await delivery.deliver(notificationOf({ node: 'x' }));
  assert.equal(await delivery.deliver(notificationOf({ node })), 'internal-server-error');
  assert.equal((await registry.count()).size, 0);
});

test('delivery - a lost registration of an app that left the config is kept by servers, and not stored', async () => {
  const { node } = await register();
  await loseStore(apnsAppOf({ name: 'other' }));
  assert.equal(await delivery.deliver(notificationOf({ node })), 'internal-server-error');
  assert.equal((await registry.count()).size, 0);
});

test('delivery - a node without tokens is kept by servers until the next login, which brings node and secret back', async () => {
  for (const convention of ['p2', 'v1'] as const) {
    const request = { ...romeosPhone, convention, device: `of-${convention}`, withSecret: true };
    const { node, secret = '' } = await registry.register(request);
    await loseStore();
    const publish = () => delivery.deliver(notificationOf({ node, secret }));
    assert.equal(await publish(), 'internal-server-error');
    const again = await registry.register({ ...request, token: 'ef'.repeat(32) });
    assert.deepEqual([again.node, again.secret], [node, secret]);
    assert.equal(await publish(), 'result');
    assert.equal(attempts.at(-1)?.device.token, 'ef'.repeat(32));
  }
});

test('delivery - a device whose account and token are too long for a node is kept by servers', async () => {
  const { node } = await registry.register({ ...romeosPhone, account: `${'r'.repeat(300)}@example.net` });
  await loseStore();
  assert.equal(await delivery.deliver(notificationOf({ node })), 'internal-server-error');
});

test('delivery - a node by an earlier key finds its device, however the device is registered now', async () => {
  const earlier = nodeNames({ keyring: [otherNodeKeys] });
  const both = nodeNames({ keyring: [nodeKeys, otherNodeKeys] });
  const requests = [romeosPhone, { ...romeosPhone, convention: 'p2', device: 'id', withSecret: true }];
  for (const request of requests) {
    const old = earlier.make(request);
    const { node, secret } = await registry.register({ ...request, token: 'ef'.repeat(32) });
    assert.notEqual(node, old.node);
    delivery = deliveryFor(apnsAppOf(), {}, lookupFor(apnsAppOf(), {}, both));
    for (const name of [old, { node, secret }]) {
      const published = { node: name.node, ...(name.secret !== undefined && { secret: name.secret }) };
      assert.equal(await delivery.deliver(notificationOf(published)), 'result');
      assert.deepEqual([attempts.at(-1)?.push.node, attempts.at(-1)?.device.token], [node, 'ef'.repeat(32)]);
    }
    if (secret === undefined) continue;
    // Each node goes with its own secret.
    assert.equal(await delivery.deliver(notificationOf({ node: old.node, secret })), 'forbidden');
    // When the device has left, its older node is no better known than the newer one.
    await registry.unregister({ account: request.account, token: request.device });
    for (const { node: left } of [old, { node }]) {
      assert.equal(await delivery.deliver(notificationOf({ node: left, secret })), 'item-not-found');
    }
  }
});

test('delivery - processes with one node key and stores of their own serve the nodes of each other', async () => {
  const { node } = await register();
  const path = join(folder, `${databases}.other.db`);
  const other = await openRegistryHere({ ...registryOptions, store: { kind: 'sqlite', path }, clock });
  const app = apnsAppOf();
  delivery = deliveryFor(app, {}, createLookup({ registry: other, nodes: nodeNames(), apps: [app], clock }));
  assert.equal(await delivery.deliver(notificationOf({ node })), 'result');
  assert.equal(attempts.at(-1)?.device.token, romeosPhone.token);
  assert.equal((await other.list(romeosPhone, 1))[0]?.node, node);
  await other.close();
});

test('delivery - a node that was unregistered is item-not-found from the first, and its registration is not made again', async () => {
  const { node } = await register();
  await registry.unregister({ account: 'romeo@example.net', token: node });
  assert.equal(await delivery.deliver(notificationOf({ node })), 'item-not-found');
  assert.equal((await registry.count()).size, 0);
});

test('delivery - a dead token removes a registration that was made of its node, and it is not made again', async () => {
  const { node } = await register();
  await loseStore();
  outcomes.push({ kind: 'dead-token', reason: 'Unregistered' });
  for (let i = 0; i < 3; i += 1) assert.equal(await delivery.deliver(notificationOf({ node })), 'item-not-found');
  assert.equal(attempts.length, 1);
});

test('delivery - a device that keeps its node when its token changes is not dead because of the token in its node', async () => {
  const request = { ...romeosPhone, convention: 'http', device: 'phone-7' };
  const { node } = await registry.register(request);
  await registry.register({ ...request, token: 'ef'.repeat(32) });
  await loseStore();
  for (let i = 0; i < 3; i += 1) {
    outcomes.push({ kind: 'dead-token', reason: 'Unregistered' });
    assert.equal(await delivery.deliver(notificationOf({ node })), 'internal-server-error');
  }
  // Its app's service registers it again.
  assert.equal((await registry.register({ ...request, token: 'ef'.repeat(32) })).node, node);
  assert.equal(await delivery.deliver(notificationOf({ node })), 'result');
  outcomes.push({ kind: 'dead-token', reason: 'Unregistered' });
  assert.equal(await delivery.deliver(notificationOf({ node })), 'item-not-found');
});

test('delivery - where nodes older than sealed ones exist, servers keep unknown nodes of their form', async () => {
  const answersWith = async (over: Parameters<typeof nodeNames>[0], ...nodes: string[]) => {
    delivery = deliveryFor(apnsAppOf(), {}, lookupFor(apnsAppOf(), {}, nodeNames(over)));
    return Promise.all(nodes.map((node) => delivery.deliver(notificationOf({ node }))));
  };
  const random = 'Tq3vK0aWm_Xh2ZsY-b7RfLd9cUeJpG4N';
  const imported = 'eKxTS5n3bOe0';
  const foreign = nodeNames({ keyring: [otherNodeKeys] }).make(romeosPhone).node;
  const [gone, kept] = ['item-not-found', 'internal-server-error'];
  assert.deepEqual(await answersWith({}, random, imported, foreign), [gone, gone, gone]);
  assert.deepEqual(await answersWith({ unsealed: new Set(['random']) }, random, imported, foreign), [kept, gone, gone]);
  assert.deepEqual(await answersWith({ unsealed: new Set(['imported']) }, random, imported, foreign), [
    kept,
    kept,
    gone,
  ]);
  // A key that nobody chose may stand where another one was: on the wrong volume, or since its file was lost.
  assert.deepEqual(await answersWith({ isSelfMade: true }, random, imported, foreign), [gone, gone, kept]);
});

test('delivery - no node of ours is read as a raw token, whatever its key', async () => {
  const app = fcmAppOf({ ids: ['default'], conventions: ['raw-token'] });
  const foreign = nodeNames({ keyring: [otherNodeKeys] }).make({ ...romeosPhone, app: 'android' }).node;
  assert.ok(foreign.length >= 64);
  delivery = deliveryFor(app);
  assert.equal(await delivery.deliver(notificationOf({ node: foreign })), 'item-not-found');
  assert.equal(attempts.length, 0);
});

test('delivery - a failed lookup counts against the store and says nothing about the node afterwards', async () => {
  let fails = 300;
  const wasRemoved = (node: string) => {
    fails -= 1;
    return fails < 0 ? registry.wasRemoved(node) : Promise.reject(new Error('database is locked'));
  };
  delivery = deliveryFor(apnsAppOf(), {}, lookupFor(apnsAppOf(), { wasRemoved }));
  for (let i = 0; i < 300; i += 1) {
    assert.equal(await delivery.deliver(notificationOf({ node: `unclear-${i}` })), 'internal-server-error');
  }
  assert.equal(await delivery.deliver(notificationOf({ node: 'unknown' })), 'item-not-found');
});

test('delivery - a flood of dead tokens: registrations removed before it was detected are restored, and all are kept', async () => {
  const nodes: string[] = [];
  for (let i = 0; i < 80; i += 1)
    nodes.push((await register({ token: `${10 + i}`.repeat(32), account: `user-${i}@example.net` })).node);
  outcomes = Array.from(nodes, () => ({ kind: 'dead-token', reason: 'Unregistered' }));
  const answers = [];
  for (const node of nodes) answers.push(await delivery.deliver(notificationOf({ node })));
  assert.equal(answers.filter((answer) => answer === 'item-not-found').length, 3);
  assert.equal(answers.filter((answer) => answer === 'internal-server-error').length, 77);
  for (const node of nodes) {
    assert.ok(await registry.find(node));
    assert.equal(await registry.wasRemoved(node), false);
  }
});

test('delivery - a flood of dead tokens: a failed restore is repeated when the store works again', async () => {
  let fails = 3;
  const restore: Registry['restore'] = (registrations) => {
    fails -= 1;
    return fails < 0 ? registry.restore(registrations) : Promise.reject(new Error('database is locked'));
  };
  delivery = deliveryFor(apnsAppOf(), {}, lookupFor(apnsAppOf(), { restore }));
  const nodes: string[] = [];
  for (let i = 0; i < 80; i += 1)
    nodes.push((await register({ token: `${10 + i}`.repeat(32), account: `user-${i}@example.net` })).node);
  outcomes = Array.from(nodes, () => ({ kind: 'dead-token', reason: 'Unregistered' }));
  for (const node of nodes) await delivery.deliver(notificationOf({ node }));
  const failures = () => lines.filter((line) => line.includes('could not be restored')).length;
  assert.equal(failures(), 1);
  // Any push that returns triggers the retry.
  for (let i = 0; i < 3; i += 1) {
    clock.advance(60_000);
    await delivery.deliver(notificationOf({ node: nodes.at(-1) ?? '' }));
  }
  for (const node of nodes) assert.ok(await registry.find(node));
  assert.equal(failures(), 3);
});

test('delivery - a flood of dead second tokens: calls go out as alerts, and no token is dropped', async () => {
  const nodes: string[] = [];
  for (let i = 0; i < 80; i += 1) {
    nodes.push((await register({ token: `${10 + i}`.repeat(32), secondToken: second })).node);
  }
  const dead: PushResult = { kind: 'dead-token', reason: 'DeviceTokenNotForTopic', doubtful: true };
  outcomes = nodes.flatMap((): PushResult[] => [dead, { kind: 'accepted' }]);
  for (const node of nodes) assert.equal(await delivery.deliver(notificationOf({ node, content: call })), 'result');
  for (const node of nodes) assert.equal((await registry.find(node))?.secondToken, second);
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

test('delivery - a misconfigured app is answered with internal-server-error and keeps the registration', async () => {
  const { node } = await register();
  outcomes.push({ kind: 'misconfigured', reason: 'InvalidProviderToken', scope: 'app' });
  assert.equal(await delivery.deliver(notificationOf({ node })), 'internal-server-error');
  assert.ok(await registry.find(node));
  assert.deepEqual(await queued(), []);
});

test('delivery - a push that may succeed later is in the outbox before the answer result', async () => {
  const { node } = await register();
  outcomes.push({ kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' });
  const arrivedAtMs = clock.now();
  assert.equal(await delivery.deliver(notificationOf({ node })), 'result');
  const [attempt] = attempts;
  assert.ok(attempt);
  // Full jitter: half of the first bound, 2 s.
  assert.deepEqual(queuedTimes, [arrivedAtMs + 1000]);
  const giveUpAtMs = attempt.push.expiresAtMs;
  assert.deepEqual(await queued(), [
    { push: attempt.push, domain: 'example.net', target: 'first', attempts: 1, storedAtMs: arrivedAtMs, giveUpAtMs },
  ]);
});

test('delivery - content that no provider accepts is neither sent nor queued, and counted', async () => {
  const { node } = await register();
  outcomes.push({ kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' });
  const ciphertext = 'A'.repeat(60_000);
  const content = { kind: 'sealed', ciphertext, iv: 'AAECAwQFBgcICQoL', voip: false } as const;
  assert.equal(await delivery.deliver(notificationOf({ node, content })), 'result');
  assert.deepEqual(
    [...attempts, ...(await queued())].map(({ push }) => push.content),
    [{ kind: 'none' }, { kind: 'none' }],
  );
  assert.equal((await metrics.oversize.get()).values.find(({ labels }) => labels.app === 'siskin')?.value, 1);
});

test('delivery - the pause that the provider asks for is kept', async () => {
  const { node } = await register();
  outcomes.push({ kind: 'retry', reason: 'TooManyRequests', afterMs: 60_000, scope: 'app' });
  const arrivedAtMs = clock.now();
  await delivery.deliver(notificationOf({ node }));
  assert.deepEqual(queuedTimes, [arrivedAtMs + 61_000]);
});

test('delivery - a call is queued for half a minute and no longer', async () => {
  const { node } = await register({ secondToken: second });
  outcomes.push({ kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' });
  assert.equal(await delivery.deliver(notificationOf({ node, content: call })), 'result');
  const [stored] = await queued();
  assert.equal(stored?.push.kind, 'voip');
  assert.equal(stored.giveUpAtMs, clock.now() + 30_000);
});

test('delivery - without an outbox a push that fails is internal-server-error', async () => {
  const { node } = await register();
  await outbox.close();
  outcomes.push({ kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' });
  assert.equal(await delivery.deliver(notificationOf({ node })), 'internal-server-error');
});

test('delivery - while the circuit is open pushes go to the outbox without an attempt', async () => {
  const { node } = await register();
  for (let i = 0; i < 10; i += 1) outcomes.push({ kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' });
  for (let i = 0; i < 12; i += 1) assert.equal(await delivery.deliver(notificationOf({ node })), 'result');
  assert.equal(attempts.length, 10);
  assert.equal((await queued()).length, 12);
});

test('delivery - failures of one device do not open the circuit', async () => {
  const { node } = await register();
  const busy = { kind: 'retry', reason: 'TooManyRequests', scope: 'device' } as const;
  for (let i = 0; i < 12; i += 1) outcomes.push(busy);
  for (let i = 0; i < 12; i += 1) await delivery.deliver(notificationOf({ node }));
  assert.equal(attempts.length, 12);
});

test('delivery - a dead token removes the registration, and each publish is answered with item-not-found', async () => {
  const { node } = await register();
  outcomes.push({ kind: 'dead-token', reason: 'Unregistered' });
  assert.equal(await delivery.deliver(notificationOf({ node })), 'item-not-found');
  assert.equal(await registry.find(node), undefined);
  assert.equal(await delivery.deliver(notificationOf({ node })), 'item-not-found');
  assert.equal(attempts.length, 1);
});

test('delivery - a dead token does not remove a registration that was renewed while the push was under way', async () => {
  const { node } = await register();
  const answer = Promise.withResolvers<PushResult>();
  outcomes.push(answer.promise);
  const delivered = delivery.deliver(notificationOf({ node }));
  await turnsUntil('the provider is asked', () => attempts.length === 1);
  clock.advance(1000);
  await register();
  answer.resolve({ kind: 'dead-token', reason: 'Unregistered' });
  assert.equal(await delivered, 'result');
  assert.ok(await registry.find(node));
  assert.equal((await queued()).length, 1);
});

test('delivery - a dead second token is dropped alone, and the call goes out as an alert', async () => {
  const { node } = await register({ secondToken: second });
  outcomes.push({ kind: 'dead-token', reason: 'Unregistered' });
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
  outcomes.push({ kind: 'payload-rejected', reason: 'PayloadTooLarge' });
  assert.equal(await delivery.deliver(notificationOf({ node, content: call })), 'result');
  assert.deepEqual(
    attempts.map(({ push }) => push.kind),
    ['voip', 'call-alert'],
  );
  assert.equal((await registry.find(node))?.secondToken, second);
});

test('delivery - a refused payload is sent once more without content and answered result', async () => {
  const { node } = await register();
  const refused = { kind: 'payload-rejected', reason: 'PayloadTooLarge' } as const;
  outcomes.push(refused, refused);
  assert.equal(await delivery.deliver(notificationOf({ node })), 'result');
  assert.deepEqual(
    attempts.map(({ push }) => push.content.kind),
    ['sealed', 'none'],
  );
});

test('delivery - the environment that accepted a token is remembered', async () => {
  const { node } = await register();
  outcomes.push({ kind: 'accepted', environment: 'sandbox' });
  await delivery.deliver(notificationOf({ node }));
  await delivery.deliver(notificationOf({ node }));
  assert.equal(attempts[1]?.device.environment, 'sandbox');
});

test('delivery - wake-ups of one registration are coalesced: one at once, one for the rest stored for later', async () => {
  const { node } = await register();
  const { priority: _, ...plain } = notificationOf({ node, content: { kind: 'summary' } });
  for (let i = 0; i < 5; i += 1) assert.equal(await delivery.deliver(plain), 'result');
  assert.deepEqual(
    attempts.map(({ push }) => push.kind),
    ['background'],
  );
  assert.deepEqual(queuedTimes, [clock.now() + 20_000]);
  assert.deepEqual(
    (await queued()).map(({ push, attempts: made }) => [push.kind, made]),
    [['background', 0]],
  );
});

test('delivery - of sealed background pushes the first goes at once and the newest is stored for the rest', async () => {
  const { node } = await register();
  const ciphertexts = ['AAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'BBBBBBBBBBBBBBBBBBBBBBBBBBBB', 'CCCCCCCCCCCCCCCCCCCCCCCCCCCC'];
  for (const ciphertext of ciphertexts) {
    const content = { kind: 'sealed', ciphertext, iv: 'AAECAwQFBgcICQoL', voip: false } as const;
    assert.equal(await delivery.deliver(notificationOf({ node, content, priority: 'low' })), 'result');
  }
  const contentOf = ({ push }: { push: Push }) => push.content.kind === 'sealed' && push.content.ciphertext;
  assert.deepEqual(attempts.map(contentOf), ciphertexts.slice(0, 1));
  assert.deepEqual((await queued()).map(contentOf), ciphertexts.slice(2));
  assert.ok(queuedTimes.every((dueAtMs) => dueAtMs === clock.now() + 20_000));
});

test('delivery - an end of call goes at once although a sealed background push waits', async () => {
  const { node } = await register();
  const low = notificationOf({ node, priority: 'low' });
  const end = { ...low, content: { ...sealedContent, voip: true } };
  for (const notification of [low, low, end, end]) assert.equal(await delivery.deliver(notification), 'result');
  assert.equal(attempts.length, 3);
  assert.equal((await queued()).length, 1);
});

test('delivery - what an app does not want is answered with result, counted and not sent', async () => {
  delivery = deliveryFor(apnsAppOf({ unimportant: 'drop' }));
  const { node } = await register();
  for (let i = 0; i < 2; i += 1)
    assert.equal(await delivery.deliver(notificationOf({ node, priority: 'low' })), 'result');
  assert.deepEqual([attempts.length, (await queued()).length], [0, 0]);
  assert.deepEqual(await countsOf(metrics.dropped), { 'siskin unimportant': 2 });
});

test('delivery - wake-ups that cannot be stored are not answered with result', async () => {
  const { node } = await register();
  const { priority: _, ...plain } = notificationOf({ node, content: { kind: 'summary' } });
  await outbox.close();
  assert.equal(await delivery.deliver(plain), 'result');
  assert.equal(await delivery.deliver(plain), 'internal-server-error');
});

test('delivery - beyond width and queue of the concurrency limit pushes go to the outbox, and none waits longer than an answer may take', async () => {
  delivery = deliveryFor(apnsAppOf({ inFlight: 1 }));
  const { node } = await register();
  const hanging = Promise.withResolvers<PushResult>();
  outcomes.push(hanging.promise);
  const all = Array.from({ length: 13 }, () => delivery.deliver(notificationOf({ node })));
  const early = await Promise.race([all[11], all[12]]);
  assert.equal(early, 'result');
  clock.advance(20_000);
  assert.equal(await all[5], 'result');
  hanging.resolve({ kind: 'accepted' });
  assert.equal(await all[0], 'result');
  assert.equal(attempts.length, 1);
  await Promise.all(all);
  assert.equal((await queued()).length, 12);
});

test('delivery - a misconfigured app is logged once a minute, without names', async () => {
  const { node } = await register();
  for (const pauseMs of [0, 30_000, 31_000]) {
    clock.advance(pauseMs);
    outcomes.push({ kind: 'misconfigured', reason: 'InvalidProviderToken', scope: 'app' });
    await delivery.deliver(notificationOf({ node }));
  }
  const complaints = lines.filter((line) => line.includes('"level":50'));
  assert.equal(complaints.length, 2);
  for (const secret of [node, 'romeo', 'ab'.repeat(32)]) assert.ok(!complaints.join('').includes(secret));
  assert.deepEqual(appSender.state, { kind: 'misconfigured', reason: 'InvalidProviderToken' });
});

test('delivery - a store that fails is internal-server-error', async () => {
  const { node } = await register();
  await registry.close();
  assert.equal(await delivery.deliver(notificationOf({ node })), 'internal-server-error');
});

test('delivery - before the end, pushes are queued for the next process, but calls are sent, and so is what cannot be queued', async () => {
  const { node } = await register({ secondToken: second });
  delivery.queueOnly();
  assert.equal(await delivery.deliver(notificationOf({ node })), 'result');
  assert.equal(await delivery.deliver(notificationOf({ node, content: call })), 'result');
  assert.deepEqual(
    attempts.map(({ push }) => push.kind),
    ['voip'],
  );
  assert.deepEqual(queuedTimes, [clock.now()]);
  const left = await queued();
  assert.deepEqual(
    left.map(({ push, attempts: made }) => [push.kind, made]),
    [['alert', 0]],
  );
  await outbox.close();
  assert.equal(await delivery.deliver(notificationOf({ node })), 'result');
  assert.equal(attempts.length, 2);
});

test('delivery - drain waits for what is under way', async () => {
  const { node } = await register();
  const answer = Promise.withResolvers<PushResult>();
  outcomes.push(answer.promise);
  const delivered = delivery.deliver(notificationOf({ node }));
  let drained = false;
  const draining = delivery.drain().then(() => (drained = true));
  await new Promise(setImmediate);
  assert.equal(drained, false);
  answer.resolve({ kind: 'accepted' });
  await draining;
  assert.equal(await delivered, 'result');
});

test('delivery - pushes beyond a registration’s rate limit wait in the outbox, calls excepted', async () => {
  delivery = deliveryFor(apnsAppOf(), { pushesPerRegistration: { burst: 2, perSecond: 0.5 } });
  const { node } = await register({ secondToken: second });
  for (let i = 0; i < 3; i += 1) assert.equal(await delivery.deliver(notificationOf({ node })), 'result');
  assert.equal(await delivery.deliver(notificationOf({ node, content: call })), 'result');
  assert.deepEqual(
    attempts.map(({ push }) => push.kind),
    ['alert', 'alert', 'voip'],
  );
  assert.deepEqual(queuedTimes, [clock.now() + 2000]);
});

test('delivery - a server over its rate limit is told to try again, and other servers are unaffected', async () => {
  delivery = deliveryFor(apnsAppOf(), { publishesPerDomain: { burst: 2, perSecond: 1 } });
  const { node } = await register();
  for (let i = 0; i < 2; i += 1) await delivery.deliver(notificationOf({ node, publisher: 'evil.example' }));
  assert.equal(await delivery.deliver(notificationOf({ node, publisher: 'evil.example' })), 'internal-server-error');
  assert.equal(await delivery.deliver(notificationOf({ node })), 'result');
});

const hour = 3_600_000;
const week = 7 * 86_400_000;
const summary = { kind: 'summary' } as const;

/** The outcome, after so long. */
function answered(ms: number, outcome: PushResult): Promise<PushResult> {
  const { promise, resolve } = Promise.withResolvers<PushResult>();
  clock.after(ms, () => resolve(outcome));
  return promise;
}

/** Lets time pass once the provider was asked. */
async function passOnceAsked(ms: number): Promise<void> {
  const asked = attempts.length;
  await turnsUntil('the provider is asked', () => attempts.length > asked);
  clock.advance(ms);
}

test('delivery - all attempts for a publish end 15 s after it came: an answer takes 20 s, of which 5 s are the outbox’s', async () => {
  const { node } = await register();
  outcomes.push(answered(9_000, { kind: 'payload-rejected', reason: 'PayloadTooLarge' }));
  const answer = delivery.deliver(notificationOf({ node }));
  await passOnceAsked(9_000);
  assert.equal(await answer, 'result');
  // One attempt is not worth waiting for longer than 10 s.
  assert.deepEqual(
    attempts.map(({ deadlineMs }) => deadlineMs),
    [10_000, 6_000],
  );
});

test('delivery - what the look-up takes is taken off the time for the provider', async () => {
  const { node } = await register();
  const lookup = lookupFor(apnsAppOf());
  const find: Lookup['find'] = (asked, hint) => {
    clock.advance(12_000);
    return lookup.find(asked, hint);
  };
  delivery = deliveryFor(apnsAppOf(), {}, { ...lookup, find });
  assert.equal(await delivery.deliver(notificationOf({ node })), 'result');
  assert.deepEqual(
    attempts.map(({ deadlineMs }) => deadlineMs),
    [3_000],
  );
});

test('delivery - the half minute of a call is counted from when it came, not from when it was stored', async () => {
  const { node } = await register({ secondToken: second });
  const arrivedAtMs = clock.now();
  outcomes.push(answered(9_000, { kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' }));
  const answer = delivery.deliver(notificationOf({ node, content: call }));
  await passOnceAsked(9_000);
  assert.equal(await answer, 'result');
  const [stored] = await queued();
  assert.deepEqual([stored?.storedAtMs, stored?.giveUpAtMs], [arrivedAtMs, arrivedAtMs + 30_000]);
});

test('delivery - a message that fails keeps what is left of its week', async () => {
  const { node } = await register();
  const arrivedAtMs = clock.now();
  outcomes.push(answered(9_000, { kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' }));
  const answer = delivery.deliver(notificationOf({ node }));
  await passOnceAsked(9_000);
  assert.equal(await answer, 'result');
  const [stored] = await queued();
  assert.deepEqual([stored?.push.expiresAtMs, stored?.giveUpAtMs], [arrivedAtMs + week, arrivedAtMs + week]);
});

test('delivery - a push that the rate limit delays expires a week after it may leave', async () => {
  delivery = deliveryFor(apnsAppOf(), { pushesPerRegistration: { burst: 1, perSecond: 0.5 } });
  const { node } = await register();
  await delivery.deliver(notificationOf({ node }));
  await delivery.deliver(notificationOf({ node }));
  const [stored] = await queued();
  const mayLeaveAtMs = clock.now() + 2_000;
  assert.deepEqual(queuedTimes, [mayLeaveAtMs]);
  assert.deepEqual([stored?.push.expiresAtMs, stored?.giveUpAtMs], [mayLeaveAtMs + week, mayLeaveAtMs + week]);
});

test('delivery - a wake-up that stands for others lives an hour, counted from when it may leave', async () => {
  const { node } = await register();
  const { priority: _, ...plain } = notificationOf({ node, content: summary });
  await delivery.deliver(plain);
  await delivery.deliver(plain);
  const [stored] = await queued();
  const mayLeaveAtMs = clock.now() + 20_000;
  assert.deepEqual([stored?.push.expiresAtMs, stored?.giveUpAtMs], [mayLeaveAtMs + hour, mayLeaveAtMs + hour]);
});

test('delivery - a call that rings by an alert does not wait for its share either', async () => {
  delivery = deliveryFor(apnsAppOf(), { pushesPerRegistration: { burst: 1, perSecond: 0.5 } });
  const { node } = await register();
  for (let i = 0; i < 2; i += 1) {
    assert.equal(await delivery.deliver(notificationOf({ node, content: call })), 'result');
  }
  assert.deepEqual(
    attempts.map(({ push }) => push.kind),
    ['call-alert', 'call-alert'],
  );
  assert.deepEqual(queuedTimes, []);
});

test('delivery - a publish without the secret that the registration has is forbidden and costs it nothing', async () => {
  const { node, secret } = await register({ withSecret: true });
  assert.equal(await delivery.deliver(notificationOf({ node })), 'forbidden');
  assert.equal(attempts.length, 0);
  assert.ok(secret);
  assert.equal(await delivery.deliver(notificationOf({ node, secret })), 'result');
});

test('delivery - a push beyond its share that cannot be stored is not called taken', async () => {
  delivery = deliveryFor(apnsAppOf(), { pushesPerRegistration: { burst: 1, perSecond: 0.5 } });
  const { node } = await register();
  assert.equal(await delivery.deliver(notificationOf({ node })), 'result');
  await outbox.close();
  assert.equal(await delivery.deliver(notificationOf({ node })), 'internal-server-error');
});

test('delivery - a store that fails is complained about once a minute, and each notification is counted', async () => {
  const { node } = await register();
  await registry.close();
  const complaints = () =>
    lines.filter((line) => line.includes('notifications fail because of an error of ours')).length;
  for (let i = 0; i < 3; i += 1) await delivery.deliver(notificationOf({ node }));
  assert.equal(complaints(), 1);
  clock.advance(60_000);
  await delivery.deliver(notificationOf({ node }));
  assert.equal(complaints(), 2);
  assert.deepEqual(await countsOf(metrics.dropped), { '- store-failed': 4 });
});

/** What a counter counted, by its labels. */
async function countsOf(counter: Metrics['dropped' | 'queued']): Promise<Record<string, number>> {
  const { values } = await counter.get();
  return Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels).join(' '), value]));
}

test('delivery - what led to no push is counted by its cause, and what was queued by what the outbox said', async () => {
  delivery = deliveryFor(apnsAppOf(), { publishesPerDomain: { burst: 7, perSecond: 1 } });
  const { node } = await register();
  const locked = await register({ token: 'ef'.repeat(32), withSecret: true });
  const former = await register({ app: 'former' });
  const { priority: _, ...plain } = notificationOf({ node, content: summary });
  for (const notification of [
    plain,
    plain,
    notificationOf({ node: locked.node }),
    notificationOf({ node: former.node }),
    notificationOf({ node: 'unknown' }),
    notificationOf({ node, publisher: 'evil.example' }),
  ]) {
    await delivery.deliver(notification);
  }
  outcomes.push({ kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' });
  await delivery.deliver(notificationOf({ node }));
  await outbox.close();
  outcomes.push({ kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' });
  await delivery.deliver(notificationOf({ node }));
  assert.equal(await delivery.deliver(notificationOf({ node })), 'internal-server-error');
  assert.deepEqual(await countsOf(metrics.dropped), {
    'siskin coalesced': 1,
    'siskin wrong-secret': 1,
    '- unknown-app': 1,
    '- unknown-node': 1,
    'siskin wrong-publisher': 1,
    '- rate-limited': 1,
  });
  assert.deepEqual(await countsOf(metrics.queued), { 'siskin stored': 2, 'siskin failed': 1 });
  // What became of each is told where it is known whom it was for.
  const ofRomeo = ['sent', 'coalesced', 'wrong-publisher', 'queued', 'not-queued'].map((outcome) => `ab ${outcome}`);
  const ofOthers = ['ef wrong-secret', 'ab unknown-app'];
  assert.deepEqual(told.toSorted(), [...ofRomeo, ...ofOthers].toSorted());
});
