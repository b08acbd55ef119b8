import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeJwt, decodeProtectedHeader, importSPKI, jwtVerify } from 'jose';
import { createApnsKey } from '../../../src/harness/stand-ins/certificates.ts';
import { createProviderTokens } from '../../../src/providers/apns/provider-tokens.ts';
import { manualClock } from '../../support/clock.ts';
import { apnsScene, secretOf, valuesOf } from '../fixtures.ts';

const minuteMs = 60_000;

async function setUp() {
  const clock = manualClock();
  const apnsKey = await createApnsKey();
  const key = { key: secretOf(apnsKey.privateKey), keyId: 'ABC1234567', teamId: 'TEAM123456' };
  return { clock, apnsKey, key, tokens: createProviderTokens({ clock }) };
}

test('provider token - ES256 with kid, iss and iat, and nothing else', async () => {
  const { clock, apnsKey, key, tokens } = await setUp();
  const token = await tokens.current(key);
  assert.deepEqual(decodeProtectedHeader(token), { alg: 'ES256', kid: 'ABC1234567' });
  assert.deepEqual(decodeJwt(token), { iss: 'TEAM123456', iat: clock.now() / 1000 });
  await jwtVerify(token, await importSPKI(apnsKey.publicKey, 'ES256'), { currentDate: new Date(clock.now()) });
});

test('provider token - the same one for 50 minutes, then another', async () => {
  const { clock, key, tokens } = await setUp();
  const first = await tokens.current(key);
  clock.advance(50 * minuteMs - 1);
  assert.equal(await tokens.current(key), first);
  clock.advance(1);
  const second = await tokens.current(key);
  assert.notEqual(second, first);
  assert.equal(await tokens.current(key), second);
});

test('provider token - a hundred simultaneous requests sign it once', async () => {
  const { key, tokens } = await setUp();
  const all = await Promise.all(Array.from({ length: 100 }, () => tokens.current(key)));
  assert.equal(new Set(all).size, 1);
});

test('provider token - one per key and team', async () => {
  const { key, tokens } = await setUp();
  const other = { ...key, keyId: 'ZZZ1234567' };
  assert.notEqual(await tokens.current(key), await tokens.current(other));
  assert.equal(decodeProtectedHeader(await tokens.current(other)).kid, 'ZZZ1234567');
});

test('provider token - after a refusal as expired there is one new token for all, and none within 20 minutes', async () => {
  const { clock, key, tokens } = await setUp();
  const first = await tokens.current(key);
  clock.advance(20 * minuteMs - 1);
  assert.equal(await tokens.replace(key, first), undefined);
  clock.advance(1);
  const replaced = await Promise.all(Array.from({ length: 10 }, () => tokens.replace(key, first)));
  assert.equal(new Set(replaced).size, 1);
  assert.notEqual(replaced[0], first);
  assert.equal(await tokens.current(key), replaced[0]);
});

test('provider token - jumps of wall time cause no two tokens within 20 minutes', async () => {
  const { clock, key, tokens } = await setUp();
  const first = await tokens.current(key);
  for (const hours of [2, -30, 100]) {
    clock.step(hours * 3_600_000);
    assert.equal(await tokens.current(key), first);
  }
  clock.advance(20 * minuteMs);
  const second = await tokens.current(key);
  assert.notEqual(second, first);
  assert.equal(decodeJwt(second).iat, Math.floor(clock.now() / 1000));
});

test('provider token - wall time that is set back does not prolong an old token', async () => {
  const { clock, key, tokens } = await setUp();
  const first = await tokens.current(key);
  clock.step(-3 * 3_600_000);
  clock.advance(50 * minuteMs);
  const second = await tokens.current(key);
  assert.notEqual(second, first);
  // Less than what a clock may be put back without a new token.
  clock.step(-30_000);
  clock.advance(50 * minuteMs);
  assert.notEqual(await tokens.current(key), second);
});

test('provider token - a token of a clock that was ahead is replaced once the clock is right, 20 minutes after it', async () => {
  const { clock, key, tokens } = await setUp();
  clock.step(7_200_000);
  const early = await tokens.current(key);
  clock.step(-7_200_000);
  clock.advance(20 * 60_000 - 1);
  assert.equal(await tokens.current(key), early);
  clock.advance(1);
  const right = await tokens.current(key);
  assert.equal(decodeJwt(right).iat, Math.floor(clock.now() / 1000));
});

test('provider token - a key that cannot sign is misconfigured, and no request is sent', async (t) => {
  const credentials = { kind: 'token', key: secretOf('not a key'), keyId: 'ABC1234567', teamId: 'TEAM123456' } as const;
  const scene = await apnsScene(t, { app: { credentials } });
  for (let attempt = 0; attempt < 2; attempt += 1)
    assert.deepEqual(await scene.send(), { kind: 'misconfigured', reason: 'unusable-key', scope: 'app' });
  assert.equal(scene.standIn.received.length, 0);
});

test('APNs client - a token that APNs calls expired is renewed once, and the push delivered', async (t) => {
  const clock = manualClock();
  const scene = await apnsScene(t, { clock });
  assert.equal((await scene.send()).kind, 'accepted');
  clock.advance(30 * minuteMs);
  scene.standIn.script('*', { status: 403, reason: 'ExpiredProviderToken', times: 1 });
  assert.deepEqual(await scene.send(), { kind: 'accepted' });
  const used = scene.standIn.received.map(({ headers }) => headers['authorization']);
  assert.equal(new Set(used).size, 2);
  assert.equal(used[0], used[1]);
  assert.deepEqual(await valuesOf(scene.metrics.attempts), { '200 -': 2, '403 ExpiredProviderToken': 1 });
});

test('APNs client - a burst that is refused with one old token is sent again with one new token', async (t) => {
  const clock = manualClock();
  const scene = await apnsScene(t, { clock });
  assert.equal((await scene.send()).kind, 'accepted');
  clock.advance(30 * minuteMs);
  scene.standIn.script('*', { status: 403, reason: 'ExpiredProviderToken', times: 50 });
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => scene.send()));
  assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['accepted']));
  assert.equal(new Set(scene.standIn.received.map(({ headers }) => headers['authorization'])).size, 2);
});

test('APNs client - a wrong clock: retry, never a second token within 20 minutes, working again once it is right', async (t) => {
  const right = manualClock();
  const wrong = manualClock(right.now() - 2 * 3_600_000);
  const scene = await apnsScene(t, { clock: wrong, standIn: { clock: right } });
  for (let attempt = 0; attempt < 30; attempt += 1)
    assert.deepEqual(await scene.send(), { kind: 'retry', reason: 'ExpiredProviderToken', scope: 'app' });
  wrong.step(2 * 3_600_000);
  for (let minute = 0; minute < 20; minute += 1) {
    assert.equal((await scene.send()).kind, 'retry');
    wrong.advance(minuteMs);
    right.advance(minuteMs);
  }
  assert.deepEqual(await scene.send(), { kind: 'accepted' });
  const reasons = new Set(scene.standIn.received.map(({ reason }) => reason));
  assert.deepEqual(reasons, new Set(['ExpiredProviderToken', undefined]));
});

test('APNs client - ten hours of pushes: tokens change in time, none is refused', async (t) => {
  const clock = manualClock();
  const scene = await apnsScene(t, { clock });
  for (let minute = 0; minute < 600; minute += 10) {
    assert.equal((await scene.send()).kind, 'accepted');
    clock.advance(10 * minuteMs);
  }
  assert.equal(new Set(scene.standIn.received.map(({ headers }) => headers['authorization'])).size, 12);
});

test('APNs client - apps with the same key share one token when they are given the same tokens', async (t) => {
  const clock = manualClock();
  const tokens = createProviderTokens({ clock });
  const first = await apnsScene(t, { clock, tokens });
  const { credentials, endpoint, ca } = first.app;
  const second = await apnsScene(t, {
    clock,
    tokens,
    app: { credentials, ...(endpoint !== undefined && { endpoint }), ...(ca !== undefined && { ca }) },
  });
  await first.send();
  await second.send();
  const used = first.standIn.received.map(({ headers }) => headers['authorization']);
  assert.equal(used.length, 2);
  assert.equal(new Set(used).size, 1);
});

test('provider token - a replacement key has a token of its own; if the first key returns, its token is used again', async () => {
  const { key, tokens } = await setUp();
  const first = await tokens.current(key);
  const other = { ...key, key: secretOf((await createApnsKey()).privateKey) };
  assert.notEqual(await tokens.current(other), first);
  assert.equal(await tokens.current({ ...key, key: secretOf(key.key.reveal()) }), first);
});

test('provider token - the latest 300 replaced keys are remembered', async () => {
  const { clock, key, tokens } = await setUp();
  const named = (i: number) => ({ ...key, keyId: `KEY${String(i).padStart(7, '0')}` });
  const first = await tokens.current(named(0));
  for (let i = 1; i < 300; i += 1) await tokens.current(named(i));
  clock.advance(1000);
  assert.equal(await tokens.current(named(0)), first);
  await tokens.current(named(300));
  // Used lately, so it was not forgotten.
  assert.equal(await tokens.current(named(0)), first);
  assert.equal(decodeJwt(await tokens.current(named(1))).iat, clock.now() / 1000);
});

test('APNs client - the key in its file is replaced: a broken one changes nothing, another one is used at once', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-p8-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'AuthKey_ABC1234567.p8');
  const right = await createApnsKey();
  writeFileSync(path, right.privateKey);
  const ids = { keyId: 'ABC1234567', teamId: 'TEAM123456' };
  const credentials = { kind: 'token', key: secretOf(right.privateKey), ...ids, path } as const;
  const keys = [{ ...ids, publicKey: right.publicKey }];
  const scene = await apnsScene(t, { app: { credentials }, standIn: { keys } });
  const replaceBy = async (text: string) => {
    writeFileSync(path, text);
    await scene.provider.checkCredentials?.();
  };
  assert.deepEqual(await scene.send(), { kind: 'accepted' });
  await replaceBy(right.privateKey.slice(0, 60));
  assert.match(scene.provider.concern?.reason ?? '', /contains no key that can sign for APNs/);
  assert.deepEqual(await scene.send(), { kind: 'accepted' });
  await replaceBy((await createApnsKey()).privateKey);
  assert.equal(scene.provider.concern, undefined);
  assert.deepEqual(await scene.send(), { kind: 'misconfigured', reason: 'InvalidProviderToken', scope: 'app' });
  await replaceBy(right.privateKey);
  assert.deepEqual(await scene.send(), { kind: 'accepted' });
  // Each key has a connection of its own, and the right key one token, so APNs had no cause for complaint.
  assert.equal(scene.standIn.connections, 3);
  const accepted = scene.standIn.received.filter(({ status }) => status === 200);
  assert.equal(new Set(accepted.map(({ headers }) => headers['authorization'])).size, 1);
});

test('APNs client - what was delivered with the key before, or was under way with it, makes no token believed dead', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-p8-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'AuthKey_ABC1234567.p8');
  const key = await createApnsKey();
  writeFileSync(path, key.privateKey);
  const ids = { keyId: 'ABC1234567', teamId: 'TEAM123456' };
  const credentials = { kind: 'token', key: secretOf(key.privateKey), ...ids, path } as const;
  const scene = await apnsScene(t, { app: { credentials }, standIn: { keys: [{ ...ids, publicKey: key.publicKey }] } });
  const [stranger, slow] = ['11'.repeat(32), '22'.repeat(32)];
  scene.standIn.script(stranger, { status: 400, reason: 'BadDeviceToken' });
  assert.deepEqual(await scene.send(), { kind: 'accepted' });
  assert.equal((await scene.send(stranger)).kind, 'dead-token');
  scene.standIn.script(slow, { delayMs: 300 });
  const underWay = scene.send(slow);
  // The same key in other words is another one.
  writeFileSync(path, `${key.privateKey}\n`);
  await scene.provider.checkCredentials?.();
  assert.equal((await scene.send(stranger)).kind, 'misconfigured');
  assert.deepEqual(await underWay, { kind: 'accepted' });
  assert.equal((await scene.send(stranger)).kind, 'misconfigured');
});
