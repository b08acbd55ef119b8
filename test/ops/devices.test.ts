import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Registration } from '../../src/core/registration.ts';
import { createDeviceNotes } from '../../src/delivery/device-notes.ts';
import { createRateLimits, defaultRateLimits } from '../../src/delivery/rate-limits.ts';
import { createGuard } from '../../src/guard/guard.ts';
import { createDeviceControl } from '../../src/ops/admin/device-control.ts';
import type { DeviceReport } from '../../src/ops/admin/device-report.ts';
import { createOpsListener } from '../../src/ops/listener.ts';
import type { AppState } from '../../src/sending/app-sender.ts';
import type { CircuitState } from '../../src/sending/circuit-breaker.ts';
import type { Devices } from '../../src/store/registry/devices.ts';
import { openTestStore } from '../support/store.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { fingerprint } from '../../src/telemetry/log.ts';
import { manualClock, turnsUntil, wallOf } from '../support/clock.ts';
import { createSecret } from '../support/secret.ts';
import { recordedLog } from '../support/telemetry.ts';
import { adminOf } from './admin.ts';

const START = '2026-11-01T00:00:00.000Z';
const token = 'c0ffee00'.repeat(8);
const secondToken = 'decaf000'.repeat(8);
const romeo = {
  ...{ app: 'siskin', convention: 'tigase', account: 'Romeo@example.net', device: token, token, secondToken },
  ...{ withSecret: true, component: 'push.example.org' },
};

/** The ops listener over a real store; providers are not asked. */
async function start(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'sealpost-devices-'));
  const clock = manualClock();
  const { log, lines } = recordedLog();
  const metrics = createMetrics('test');
  const location = { kind: 'sqlite', path: join(folder, 'sealpost.db') } as const;
  const store = await openTestStore({ store: location, clock, forward: wallOf(clock), log, metrics });
  const { registry, outbox } = store;
  const held: { until?: Promise<void>; waiting: number } = { waiting: 0 };
  const devices: Devices = {
    ...store.devices,
    async byToken(...given) {
      held.waiting += 1;
      await held.until;
      return store.devices.byToken(...given);
    },
  };
  const notes = createDeviceNotes({ registry, clock: wallOf(clock), log });
  const limits = { ...defaultRateLimits, pushesPerRegistration: { burst: 1, perSecond: 0.1 } };
  const rateLimits = createRateLimits({ settings: limits, clock });
  const app: { state: AppState; circuit: CircuitState } = { state: { kind: 'working' }, circuit: { kind: 'closed' } };
  const appSender = {
    get state() {
      return app.state;
    },
    get circuit() {
      return app.circuit;
    },
    hintFor: (reason: string) => `look at the key because of ${reason}`,
  };
  const removed: Registration[] = [];
  const control = createDeviceControl({
    ...{ devices, registry, outbox, notes, waitOf: rateLimits.waitOf, log },
    guard: createGuard({ apps: ['siskin'], clock, log, metrics }),
    appSenders: new Map([['siskin', appSender]]),
    onRemoved: (registration) => void removed.push(registration),
  });
  const listener = await createOpsListener({
    ...{ host: '127.0.0.1', port: 0, clock, log, metrics },
    health: () => Promise.resolve({ status: 'pass', checks: {} }),
    admin: adminOf({ token: createSecret('right'), devices: control }),
  });
  t.after(async () => {
    await notes.drain();
    await listener.close();
    await store.close();
    await rm(folder, { recursive: true });
  });
  const served: string[] = [];
  const ask = async (method: string, path: string, body?: object) => {
    const headers = { authorization: 'Bearer right', ...(body && { 'content-type': 'application/json' }) };
    const response = await fetch(`${listener.url}${path}`, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    served.push(text);
    return { status: response.status, type: response.headers.get('content-type'), text };
  };
  const show = async (query: string): Promise<readonly DeviceReport[]> => {
    const { status, text } = await ask('GET', `/devices?${query}`);
    assert.equal(status, 200, text);
    return (JSON.parse(text) as { devices: readonly DeviceReport[] }).devices;
  };
  return { ...store, clock, notes, rateLimits, app, held, removed, ask, show, served, lines, metrics };
}

test('devices - everything that is known of a device is told, and nothing that is secret', async (t) => {
  const { registry, outbox, notes, rateLimits, clock, show, served, ask, lines } = await start(t);
  await registry.register(romeo);
  clock.advance(60_000);
  const registration = await registry.register(romeo);
  clock.advance(60_000);
  notes.published(registration, 'queued');
  notes.pushed(registration, { kind: 'retry', reason: 'timeout', scope: 'app' });
  rateLimits.pushDelay(registration);
  const { node, account } = registration;
  const push = { id: 'a', app: 'siskin', node, kind: 'alert', account, content: { kind: 'none' } } as const;
  const queued = { push: { ...push, expiresAtMs: 1e15 }, domain: 'example.net', target: 'first' } as const;
  await outbox.enqueue({ ...queued, attempts: 1, storedAtMs: clock.now(), giveUpAtMs: 1e15 }, clock.now() + 5_000);
  const expected = {
    fingerprint: fingerprint(node),
    state: 'registered',
    app: 'siskin',
    convention: 'tigase',
    account: 'Romeo@example.net',
    domain: 'example.net',
    over: 'push.example.org',
    firstRegisteredAt: START,
    registeredAt: '2026-11-01T00:01:00.000Z',
    timesRegistered: 2,
    canCall: true,
    lastPublish: {
      at: '2026-11-01T00:02:00.000Z',
      outcome: 'queued',
      what: 'queued: the provider did not take it yet, or the device is beyond its rate limit',
    },
    lastPush: {
      at: '2026-11-01T00:02:00.000Z',
      result: 'retry timeout',
      what: 'the provider did not take it (timeout); it is tried again',
      hint: 'see the app in /readyz; what waits is sent by itself',
    },
    queued: { pushes: 1, nextAt: '2026-11-01T00:02:05.000Z' },
    held: ['It is beyond its rate limit: pushes wait in the outbox, the next one 10 s'],
    summary: 'It is beyond its rate limit: pushes wait in the outbox, the next one 10 s.',
  };
  assert.deepEqual(await show('account=romeo@EXAMPLE.net'), [expected]);
  assert.deepEqual(await show(`find=${fingerprint(node)}`), [expected]);
  assert.deepEqual(await show('find=c0ffee'), [expected]);
  assert.deepEqual(await show('find=decaf0'), [expected]);
  assert.deepEqual(await show('find=c0ffee01'), []);
  assert.deepEqual(await show('account=juliet@example.net'), []);
  const { text } = await ask('GET', '/devices/list');
  assert.doesNotMatch(text, /romeo/i);
  const written = [...served, ...lines].join('\n');
  const { secret } = registration;
  assert.ok(secret);
  for (const hidden of [node, token, secondToken, secret]) assert.ok(!written.includes(hidden));
});

test('devices - the summary names what is wrong first on the way of a push, and what to do', async (t) => {
  const { registry, notes, app, show } = await start(t);
  const registration = await registry.register(romeo);
  const summary = async () => (await show('account=romeo@example.net'))[0]?.summary ?? '';
  assert.match(await summary(), /^Registered, but no publish is known: has the client enabled push/);
  notes.published(registration, 'wrong-publisher');
  assert.match(await summary(), /^Refused: whoever published is not the server of the account: is the account/);
  notes.pushed(registration, { kind: 'accepted' });
  notes.published(registration, 'sent');
  assert.match(await summary(), /^The provider accepted the latest push/);
  notes.pushed(registration, { kind: 'misconfigured', reason: 'BadTopic', scope: 'app' });
  notes.published(registration, 'misconfigured');
  assert.equal(await summary(), 'The provider refuses us (BadTopic): look at the key because of BadTopic.');
  app.state = { kind: 'misconfigured', reason: 'InvalidProviderToken' };
  assert.match(
    await summary(),
    /^The provider refuses all pushes of its app \(InvalidProviderToken\): look at the key/,
  );
  app.state = { kind: 'working' };
  app.circuit = { kind: 'open', reason: 'timeout', remainingMs: 1_000, remainingForCallMs: 0 };
  assert.match(await summary(), /^The provider of its app fails \(timeout\) and gets probes only/);
  app.circuit = { kind: 'closed' };
  await registry.remove(registration.node, registration.registeredAtMs, 'gone');
  assert.match(await summary(), /^Removed: the provider called its device token dead\. The user has to open the app/);
  const former = await registry.register({ ...romeo, account: 'juliet@example.net', app: 'former' });
  assert.match((await show('account=juliet@example.net'))[0]?.summary ?? '', /^Its app is not in the config/);
  assert.equal(former.app, 'former');
});

test('devices - a list has one line for each device, without accounts, and can be narrowed', async (t) => {
  const { registry, notes, ask } = await start(t);
  for (let i = 0; i < 30; i += 1) {
    const name = `${token.slice(0, -2)}${10 + i}`;
    const account = `user${i}@${i % 3 === 0 ? 'example.org' : 'example.net'}`;
    const registration = await registry.register({ ...romeo, account, device: name, token: name });
    if (i < 4) notes.pushed(registration, { kind: 'dead-token', reason: 'Unregistered' });
  }
  const list = async (query: string) => {
    const { status, type, text } = await ask('GET', `/devices/list${query}`);
    assert.deepEqual([status, type], [200, 'application/x-ndjson']);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as DeviceReport);
  };
  const all = await list('');
  assert.deepEqual([all.length, all.some(({ account }) => account !== undefined)], [30, false]);
  assert.equal((await list('?limit=7')).length, 7);
  assert.equal((await list('?domain=Example.Org')).length, 10);
  assert.equal((await list('?failing=true')).length, 4);
  assert.equal((await list('?failing=true&domain=example.org')).length, 2);
  assert.equal((await list('?app=former')).length, 0);
});

test('devices - a device that is revoked is removed, its server and the outbox are told, and the log has it', async (t) => {
  const { registry, removed, ask, lines } = await start(t);
  const { node } = await registry.register(romeo);
  const path = `/devices/${fingerprint(node)}`;
  const first = await ask('DELETE', path);
  assert.deepEqual(
    [first.status, JSON.parse(first.text)],
    [200, { fingerprint: fingerprint(node), app: 'siskin', domain: 'example.net' }],
  );
  assert.equal(await registry.find(node), undefined);
  assert.equal(await registry.wasRemoved(node), true);
  assert.deepEqual(
    removed.map((registration) => registration.node),
    [node],
  );
  assert.match(
    lines.join(),
    new RegExp(`"registration":"${fingerprint(node)}","msg":"registration removed by an operator"`),
  );
  assert.match((await ask('DELETE', path)).text, /removed already/);
  const unknown = await ask('DELETE', '/devices/000000000000');
  assert.deepEqual(
    [unknown.status, (JSON.parse(unknown.text) as { error: string }).error],
    [404, 'no device has this fingerprint'],
  );
  assert.equal((await ask('DELETE', '/devices/00000000000G')).status, 400);
});

test('devices - an account that is forgotten leaves nothing, and the log does not say whose it was', async (t) => {
  const { registry, removed, ask, show, lines, metrics } = await start(t);
  const phone = await registry.register(romeo);
  const tablet = await registry.register({ ...romeo, device: 'ee'.repeat(32), token: 'ee'.repeat(32) });
  await registry.remove(tablet.node, tablet.registeredAtMs, 'gone');
  const { status, text } = await ask('POST', '/accounts/forget', { account: 'romeo@example.net' });
  assert.deepEqual([status, JSON.parse(text)], [200, { registrations: 1, marks: 1 }]);
  assert.deepEqual(await show('account=romeo@example.net'), []);
  assert.deepEqual(
    removed.map(({ node }) => node),
    [phone.node],
  );
  assert.match(lines.join(), /"domain":"example.net","count":2,"msg":"account erased by an operator"/);
  assert.doesNotMatch(lines.join(), /romeo/i);
  const { values } = await metrics.registrationsRemoved.get();
  assert.ok(values.some(({ labels, value }) => labels.reason === 'forgotten' && value === 1));
});

test('devices - a request that is wrong is told what is wrong, without quoting it', async (t) => {
  const { ask } = await start(t);
  for (const [method, path, body] of [
    ['GET', '/devices'],
    ['GET', '/devices?account=romeo'],
    ['GET', '/devices?account=romeo@example.net/phone'],
    ['GET', '/devices?account=romeo@example.net&find=c0ffee'],
    ['GET', '/devices?find=c0ff'],
    ['GET', '/devices?acount=romeo@example.net'],
    ['GET', '/devices/list?limit=0'],
    ['POST', '/accounts/forget', {}],
    ['POST', '/accounts/forget', { account: 'example.net' }],
  ] as const) {
    const { status, text } = await ask(method, path, body);
    assert.equal(status, 400, path);
    assert.doesNotMatch(text, /romeo/);
    assert.match(text, /"error":"(querystring|body)/);
  }
});

test('devices - one search is made at a time, and one that was left makes room', async (t) => {
  const { registry, held, ask } = await start(t);
  await registry.register(romeo);
  const { promise, resolve } = Promise.withResolvers<void>();
  held.until = promise;
  const first = ask('GET', '/devices?find=c0ffee');
  await turnsUntil('the search', () => held.waiting === 1);
  const second = await ask('GET', '/devices?find=c0ffee');
  assert.deepEqual(
    [second.status, JSON.parse(second.text)],
    [429, { error: 'another search is under way', hint: 'it reads the whole store; try again in a few seconds' }],
  );
  resolve();
  assert.equal((await first).status, 200);
  assert.equal((await ask('GET', '/devices?find=c0ffee')).status, 200);
});
