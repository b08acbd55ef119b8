import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLookup } from '../../src/delivery/lookup.ts';
import type { App } from '../../src/core/app.ts';
import type { Registration } from '../../src/core/registration.ts';
import { manualClock } from '../support/clock.ts';
import { nodeNames } from '../support/nodes.ts';
import { apnsAppOf, fcmAppOf, registrationOf } from '../support/registrations.ts';

const monal = apnsAppOf({ name: 'monal', ids: ['monalProdiOS', 'quicksyProdiOS'], conventions: ['raw-token'] });
const monalAndroid = fcmAppOf({ name: 'monal-android', ids: ['monalAndroid'], conventions: ['raw-token'] });
const siskin = apnsAppOf();
const token = '9f3c'.repeat(16);
const fcmToken = `cRtz:APA91b${'x'.repeat(130)}`;

/** What the registry is called with and answers. */
function start(apps: readonly App[], registered: readonly Registration[] = [], removed: readonly string[] = []) {
  const clock = manualClock();
  const known = new Map(registered.map((each) => [each.node, each]));
  const told: string[] = [];
  const registry: Parameters<typeof createLookup>[0]['registry'] = {
    find: (node) => Promise.resolve(known.get(node)),
    list: () => Promise.resolve([]),
    readmit: (opened) => Promise.resolve(opened),
    remove: (node) => Promise.resolve(known.delete(node)),
    restore: (registrations) => Promise.resolve(registrations.length),
    dropSecondToken: () => Promise.resolve(),
    rememberEnvironment: (node) => Promise.resolve(void told.push(node)),
    wasRemoved: (node) => Promise.resolve(removed.includes(node)),
    wasDeviceRemoved: () => Promise.resolve(false),
  };
  const lookup = createLookup({ registry, nodes: nodeNames(), apps, clock });
  /** Undefined: none is registered. */
  const find = async (...asked: Parameters<typeof lookup.find>) => {
    const found = await lookup.find(...asked);
    return found.kind === 'registered' ? found.registration : undefined;
  };
  const wasRemoved = async (node: string) =>
    (await lookup.find(node, { pushModule: 'monalProdiOS' })).kind === 'removed';
  return { clock, told, lookup: { ...lookup, find, wasRemoved } };
}

const rawOf = (app: string, of = token): Registration => ({
  node: of,
  app,
  convention: 'raw-token',
  account: '',
  device: of,
  token: of,
  registeredAtMs: 0,
});

test('lookup - a raw token that was removed by mistake can be restored', async () => {
  const { lookup } = start([monal]);
  const found = await lookup.find(token, { pushModule: 'monalProdiOS' });
  assert.ok(found);
  assert.equal(await lookup.remove(token, 0, 'gone'), true);
  assert.equal(await lookup.wasRemoved(token), true);
  assert.equal(await lookup.restore([found]), 1);
  assert.equal(await lookup.wasRemoved(token), false);
  assert.deepEqual(await lookup.find(token, { pushModule: 'monalProdiOS' }), found);
});

test('lookup - a raw token is a registration of the app that pushModule names', async () => {
  const { lookup } = start([siskin, monal, monalAndroid]);
  assert.deepEqual(await lookup.find(token, { pushModule: 'monalProdiOS' }), rawOf('monal'));
  assert.deepEqual(await lookup.find(token.toUpperCase(), { pushModule: 'quicksyProdiOS' }), rawOf('monal'));
  assert.deepEqual(await lookup.find(fcmToken, { pushModule: 'monalAndroid' }), rawOf('monal-android', fcmToken));
});

test('lookup - without pushModule the app with the id default is used; without such an app the configuration is at fault', async () => {
  assert.deepEqual(await start([monal]).lookup.find(token), rawOf(''));
  const fallback = apnsAppOf({ name: 'fallback', ids: ['default'], conventions: ['raw-token'] });
  assert.deepEqual(await start([monal, fallback]).lookup.find(token), rawOf('fallback'));
});

test('lookup - an unknown pushModule gives a registration without app, so that the server keeps it', async () => {
  const { lookup } = start([siskin, monal]);
  for (const pushModule of ['monalAlpha', 'siskin', 'tigase:messenger:apns:1', '__proto__', '']) {
    assert.deepEqual(await lookup.find(token, { pushModule }), rawOf(''), pushModule);
  }
  assert.equal(await lookup.find('no-token', { pushModule: 'monalAlpha' }), undefined);
});

test('lookup - a removed node is not read as a raw token, though it may look like one', async () => {
  const { lookup } = start([monal], [], [token]);
  assert.equal(await lookup.find(token), undefined);
  assert.equal(await lookup.find(token, { pushModule: 'monalAlpha' }), undefined);
});

test('lookup - a node that is not valid for the app’s provider has no registration', async () => {
  const { lookup } = start([monal, monalAndroid]);
  for (const node of ['', 'n'.repeat(32), '9f'.repeat(31), `${token}9`, 'zz'.repeat(32), '9f'.repeat(257)]) {
    assert.equal(await lookup.find(node, { pushModule: 'monalProdiOS' }), undefined, node);
  }
  for (const node of ['a'.repeat(63), `${'a'.repeat(64)} `, 'a'.repeat(4_097), `${'a'.repeat(64)}é`]) {
    assert.equal(await lookup.find(node, { pushModule: 'monalAndroid' }), undefined, node);
  }
});

test('lookup - without an app of this convention a node is only read as a raw token with a pushModule, whose app has left the config', async () => {
  const { lookup } = start([siskin]);
  assert.equal(await lookup.find(token), undefined);
  assert.deepEqual(await lookup.find(token, { pushModule: 'monalProdiOS' }), rawOf(''));
});

test('lookup - a registered node is found whatever pushModule says', async () => {
  const registered = registrationOf({ node: token, secret: 's3cret' });
  const { lookup } = start([siskin, monal], [registered]);
  assert.equal(await lookup.find(token, { pushModule: 'monalProdiOS' }), registered);
});

test('lookup - a push that is queued to a raw token finds it by the app’s name', async () => {
  const { lookup } = start([siskin, monal]);
  assert.deepEqual(await lookup.find(token, { app: 'monal' }), rawOf('monal'));
  for (const app of ['siskin', 'former', '']) assert.equal(await lookup.find(token, { app }), undefined);
});

test('lookup - a dead raw token has no registration for a day', async () => {
  const { lookup, clock } = start([monal]);
  const hint = { pushModule: 'monalProdiOS' };
  await lookup.find(token, hint);
  assert.equal(await lookup.wasRemoved(token), false);
  assert.equal(await lookup.remove(token, 0, 'gone'), true);
  clock.advance(86_399_999);
  assert.equal(await lookup.find(token, hint), undefined);
  assert.equal(await lookup.find(token, { app: 'monal' }), undefined);
  assert.equal(await lookup.wasRemoved(token.toUpperCase()), true);
  clock.advance(1);
  assert.deepEqual(await lookup.find(token, hint), rawOf('monal'));
  assert.equal(await lookup.wasRemoved(token), false);
});

test('lookup - removing asks the registry first, and returns false for an unknown node', async () => {
  const registered = registrationOf();
  const { lookup } = start([monal], [registered]);
  assert.equal(await lookup.remove(registered.node, 0, 'gone'), true);
  assert.equal(await lookup.remove(registered.node, 0, 'gone'), false);
});

test('lookup - the environment of a raw token is remembered here, any other in the registry', async () => {
  const { lookup, told } = start([monal], [registrationOf()]);
  const hint = { pushModule: 'monalProdiOS' };
  await lookup.find(token, hint);
  await lookup.rememberEnvironment(token, 'sandbox');
  assert.deepEqual(await lookup.find(token, hint), { ...rawOf('monal'), environment: 'sandbox' });
  await lookup.rememberEnvironment(registrationOf().node, 'sandbox');
  assert.deepEqual(told, [registrationOf().node]);
});

test('lookup - beyond twice its limit it forgets tokens that were read long ago', async () => {
  const { lookup } = start([monal]);
  const hint = { pushModule: 'monalProdiOS' };
  const numbered = (n: number) => n.toString(16).padStart(64, '0');
  for (const n of [0, 1]) {
    await lookup.find(numbered(n), hint);
    await lookup.rememberEnvironment(numbered(n), 'sandbox');
  }
  for (let n = 2; n < 20_000; n += 1) await lookup.find(numbered(n), hint);
  assert.equal((await lookup.find(numbered(0), hint))?.environment, 'sandbox');
  for (let n = 20_000; n <= 40_000; n += 1) {
    await lookup.find(numbered(n), hint);
    if (n === 30_000) await lookup.find(numbered(0), hint);
  }
  assert.equal((await lookup.find(numbered(0), hint))?.environment, 'sandbox');
  assert.equal((await lookup.find(numbered(1), hint))?.environment, undefined);
});

test('lookup - a node whose registration was removed is removed, whatever it says by itself', async () => {
  const { node } = nodeNames().make({
    ...{ app: 'siskin', convention: 'tigase', account: 'romeo@example.net', device: token, token, withSecret: false },
  });
  // Its registration is missing, and nothing says that it was removed.
  const { lookup: missing } = start([siskin]);
  assert.equal(await missing.wasRemoved(node), false);
  const { lookup } = start([siskin], [], [node]);
  assert.equal(await lookup.wasRemoved(node), true);
});
