import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createDispatcher } from '../../src/delivery/dispatch.ts';
import type { Guard } from '../../src/guard/contract.ts';
import { createGuard } from '../../src/guard/guard.ts';
import { createHousekeeping, type Housekeeping, rememberedLimit } from '../../src/delivery/housekeeping.ts';
import { createAppSender } from '../../src/sending/app-sender.ts';
import type { App } from '../../src/core/app.ts';
import type { PushResult, Push } from '../../src/core/push.ts';
import type { Provider } from '../../src/providers/provider.ts';
import type { Registry } from '../../src/store/registry/contract.ts';
import { openRegistry } from '../../src/store/registry/open.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { manualClock, type ManualClock } from '../support/clock.ts';
import { apnsAppOf, fcmAppOf, registrationOf } from '../support/registrations.ts';
import { quietTelemetry, recordedLog } from '../support/telemetry.ts';

// The provider is the edge here: it plays back outcomes. Registry, guard and dispatcher are real.

const hour = 3_600_000;
const day = 24 * hour;
let folder: string;
let clock: ManualClock;
let registry: Registry;
let metrics: Metrics;
let housekeeping: Housekeeping;
let asked: Push[];
let tokens: string[];
let dead: Set<string>;
let outcome: PushResult;
/** Before `outcome`, one after the other. */
let outcomes: PushResult[];
let removed: string[];
let lines: string[];
let guard: Guard;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealpost-housekeeping-'));
  clock = manualClock();
  metrics = createMetrics('test');
  const store = { kind: 'sqlite', path: join(folder, 'store.db') } as const;
  registry = await openRegistry({ store, clock, randomBytes, metrics, log: quietTelemetry().log });
  [asked, tokens, removed] = [[], [], []];
  dead = new Set();
  outcome = { kind: 'delivered' };
  outcomes = [];
  const recorded = recordedLog();
  lines = recorded.lines;
  const { log } = recorded;
  const random = () => 0.5;
  const laneOf = (app: App) => createAppSender({ app, provider, clock, random, log, metrics });
  const provider: Provider = {
    send(push, { token }) {
      asked.push(push);
      tokens.push(token);
      return Promise.resolve(
        dead.has(token) ? { kind: 'gone', reason: 'UNREGISTERED' } : (outcomes.shift() ?? outcome),
      );
    },
    largestCiphertext: () => 3072,
    drain: () => Promise.resolve(),
  };
  const appSenders = new Map([fcmAppOf(), apnsAppOf()].map((app) => [app.name, laneOf(app)] as const));
  guard = createGuard({ apps: [...appSenders.keys()], clock, log, metrics });
  const onRemoved = ({ token }: { token: string }) => removed.push(token);
  const dispatcher = createDispatcher({ registry, guard, onRemoved, clock, log });
  housekeeping = createHousekeeping({ registry, appSenders, dispatcher, clock, randomUuid: randomUUID, log, metrics });
});

afterEach(async () => {
  await housekeeping.drain();
  await registry.close();
  await rm(folder, { recursive: true });
});

function register(token: string, app = 'android') {
  const account = `${token}@example.net`;
  return registry.register({ app, convention: 'tigase', account, device: token, token, withSecret: false });
}

/** Pushes to devices that are in use, of which so many turned out to be gone. */
function traffic(count: number, gone = 0): void {
  for (let i = 0; i < count; i += 1) {
    const registration = registrationOf({ app: 'android', node: `in-use-${i}` });
    guard.seePush({ registration, target: 'first', came: i < gone ? 'gone' : 'taken' });
  }
}

/** Lets time pass and what it sets going come to rest. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  for (let i = 0; i < 300; i += 1) {
    await new Promise(setImmediate);
    clock.advance(20);
  }
}

test('housekeeping - FCM is asked about devices that gave no sign of life for 270 days, and those that it disowns go', async () => {
  const phone = await register('phone');
  const tablet = await register('tablet');
  await register('iphone', 'siskin');
  housekeeping.start();
  await pass(hour);
  clock.step(268 * day);
  await pass(day);
  assert.deepEqual(tokens, []);
  dead.add('tablet');
  for (let i = 0; i < 2; i += 1) {
    await pass(day - hour);
    traffic(50);
    await pass(hour);
  }
  assert.deepEqual(new Set(tokens), new Set(['phone', 'tablet']));
  assert.ok(asked.every(({ validateOnly }) => validateOnly));
  assert.ok(await registry.find(phone.node));
  assert.equal(await registry.find(tablet.node), undefined);
  assert.equal(await registry.wasRemoved(tablet.node), true);
  assert.deepEqual(removed, ['tablet']);
  // The one that FCM knows is left alone for as long again.
  await pass(day);
  assert.equal(tokens.length, 2);
});

test('housekeeping - a device that took a push or registered anew is not asked about', async () => {
  housekeeping.start();
  const pushed = await register('pushed');
  await register('renewed');
  await pass(hour);
  await pass(day);
  clock.step(200 * day);
  housekeeping.noteAccepted(pushed);
  await register('renewed');
  await pass(60_000);
  await pass(day);
  clock.step(100 * day);
  await pass(day);
  assert.deepEqual(tokens, []);
  clock.step(200 * day);
  await pass(day);
  assert.deepEqual(new Set(tokens), new Set(['pushed', 'renewed']));
});

test('housekeeping - registrations that came from elsewhere have their 270 days before them', async () => {
  const foreign = registrationOf({ app: 'android', node: 'foreign', token: 'old', device: 'old', registeredAtMs: 0 });
  await registry.takeOver([foreign]);
  housekeeping.start();
  await pass(hour);
  await pass(day);
  assert.deepEqual(tokens, []);
});

test('housekeeping - a clock that jumps by years asks about all and removes none', async () => {
  for (let i = 0; i < 250; i += 1) await register(`device-${i}`);
  housekeeping.start();
  await pass(hour);
  clock.step(2_000 * day);
  await pass(day);
  assert.equal(tokens.length, 250);
  assert.equal((await registry.count()).get('android'), 250);
});

test('housekeeping - what FCM says of silent devices is not believed before other pushes fared well', async () => {
  for (let i = 0; i < 100; i += 1) dead.add((await register(`device-${i}`)).token);
  housekeeping.start();
  await pass(hour);
  clock.step(300 * day);
  await pass(day);
  assert.equal((await registry.count()).get('android'), 100);
  assert.equal(tokens.length, 10);
  // Nor while they fare badly.
  traffic(100, 60);
  await pass(day);
  assert.equal((await registry.count()).get('android'), 100);
  assert.equal(guard.state.kind, 'holding');
});

test('housekeeping - that most silent devices are gone is no reason to hold the others', async () => {
  for (let i = 0; i < 250; i += 1) {
    const { token } = await register(`device-${i}`);
    if (i % 10 !== 0) dead.add(token);
  }
  housekeeping.start();
  await pass(hour);
  clock.step(300 * day);
  traffic(60);
  await pass(day - hour);
  traffic(60);
  await pass(hour);
  assert.equal(tokens.length, 250);
  assert.equal((await registry.count()).get('android'), 25);
  assert.equal(guard.state.kind, 'watching');
});

test('housekeeping - a few that FCM says nothing of do not keep it from asking about the rest', async () => {
  for (let i = 0; i < 20; i += 1) await register(`device-${i}`);
  housekeeping.start();
  await pass(hour);
  clock.step(300 * day);
  outcomes.push({ kind: 'misconfigured', reason: 'SENDER_ID_MISMATCH', scope: 'device' });
  await pass(day);
  assert.equal(tokens.length, 20);
});

test('housekeeping - while FCM is down or refuses us, nobody is asked about any more that day', async () => {
  for (let i = 0; i < 20; i += 1) await register(`device-${i}`);
  housekeeping.start();
  await pass(hour);
  clock.step(300 * day);
  outcome = { kind: 'retry', reason: 'UNAVAILABLE' };
  await pass(day);
  assert.equal(tokens.length, 10);
  outcome = { kind: 'delivered' };
  await pass(day);
  assert.equal(tokens.length, 30);
});

test('housekeeping - registrations of an app that left the config are kept, counted and named', async () => {
  const former = await register('phone', 'former');
  housekeeping.start();
  await pass(hour);
  assert.deepEqual([...housekeeping.orphans], [['former', 1]]);
  assert.match(await metrics.registry.metrics(), /^sealpost_registrations_orphaned 1$/m);
  assert.ok(lines.some((line) => line.includes('"app":"former"') && line.includes('not in the config')));
  clock.step(1_000 * day);
  await pass(day);
  assert.ok(await registry.find(former.node));
  assert.deepEqual(tokens, []);
});

test('housekeeping - what is remembered between two writes is bounded', async () => {
  const written: number[] = [];
  const counted = createHousekeeping({
    registry: {
      ...registry,
      noteAlive: (nodes) => Promise.resolve(void written.push(nodes.length)),
    },
    appSenders: new Map([
      [
        'android',
        createAppSender({
          app: fcmAppOf(),
          provider: {} as Provider,
          clock,
          random: () => 0.5,
          ...quietTelemetry(),
        }),
      ],
    ]),
    dispatcher: { dispatch: () => Promise.reject(new Error('not called')) },
    clock,
    randomUuid: randomUUID,
    ...quietTelemetry(),
  });
  for (let i = 0; i < rememberedLimit + 500; i += 1) {
    counted.noteAccepted(registrationOf({ app: 'android', node: `node-${i}` }));
  }
  await counted.drain();
  assert.equal(
    written.reduce((sum, count) => sum + count, 0),
    rememberedLimit,
  );
  assert.ok(written.every((count) => count <= 200));
});
