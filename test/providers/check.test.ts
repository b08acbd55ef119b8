import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { PartFinding } from '../../src/core/finding.ts';
import { createAuthority, createServiceAccount } from '../../src/harness/stand-ins/certificates.ts';
import { apns } from '../../src/providers/apns/apns.ts';
import { fcm } from '../../src/providers/fcm/fcm.ts';
import { systemClock } from '../../src/time/clock.ts';
import { quietTelemetry } from '../support/telemetry.ts';
import { apnsScene, fcmScene, secretOf } from './fixtures.ts';
import { openConnectProxy } from './transport/connect-proxy.ts';
import { deadOrigin } from './transport/relay.ts';

const environment = { clock: systemClock, random: Math.random, ...quietTelemetry(), offline: false };

async function all(findings: AsyncIterable<PartFinding>): Promise<PartFinding[]> {
  const found: PartFinding[] = [];
  for await (const finding of findings) found.push(finding);
  return found;
}

const words = (findings: readonly PartFinding[]) => findings.map(({ status, message }) => `${status}: ${message}`);

test('check - APNs: the key signs, and APNs refuses nothing but the made-up device', async (t) => {
  const scene = await apnsScene(t);
  scene.standIn.script('*', { status: 400, reason: 'BadDeviceToken' });
  assert.deepEqual(words(await all(apns.check(scene.app, environment))), [
    'pass: key ABC1234567 signs a provider token',
    'pass: APNs (production) accepts credentials and topic org.example.messenger',
  ]);
  const [received, ...others] = scene.standIn.received;
  assert.deepEqual(others, []);
  assert.equal(received?.token, '0'.repeat(64));
  assert.deepEqual(received?.body, { aps: { 'content-available': 1 } });
});

test('check - APNs: what is wrong is named with the way out', async (t) => {
  for (const [reason, status, hint] of [
    ['InvalidProviderToken', 403, /compare id and team/],
    ['TopicDisallowed', 400, /bundle id/],
    ['BadEnvironmentKeyIdInToken', 403, /other environment/],
  ] as const) {
    const scene = await apnsScene(t);
    scene.standIn.script('*', { status, reason });
    const [, asked, ...others] = await all(apns.check(scene.app, environment));
    assert.deepEqual([asked?.status, asked?.message, others], ['fail', `APNs refuses us: ${reason}`, []]);
    assert.match(asked?.hint ?? '', hint);
  }
});

test('check - APNs: a key that cannot sign fails without asking, and offline nothing is asked', async (t) => {
  const scene = await apnsScene(t);
  const credentials = { kind: 'token', key: secretOf('no key'), keyId: 'ABC1234567', teamId: 'TEAM123456' } as const;
  const [unusable, ...others] = await all(apns.check({ ...scene.app, credentials }, environment));
  assert.deepEqual([unusable?.status, others], ['fail', []]);
  assert.match(unusable?.message ?? '', /^key ABC1234567 cannot sign/);
  assert.deepEqual(words(await all(apns.check(scene.app, { ...environment, offline: true }))), [
    'pass: key ABC1234567 signs a provider token',
  ]);
  assert.equal(scene.standIn.connections, 0);
});

test('check - APNs: a certificate says how long it can be used', async (t) => {
  const scene = await apnsScene(t);
  const authority = await createAuthority();
  const offline = { ...environment, offline: true };
  for (const [days, status, message] of [
    [-1, 'fail', /has expired/],
    [5, 'warn', /expires in [45] days/],
    [90, 'pass', /can be used until \d{4}-\d\d-\d\d$/],
  ] as const) {
    const { certificate, key } = await authority.issue(['push'], new Date(Date.now() + days * 86_400_000));
    const credentials = { kind: 'certificate', file: Buffer.from(certificate + key) } as const;
    const [found] = await all(apns.check({ ...scene.app, credentials }, offline));
    assert.equal(found?.status, status);
    assert.match(found?.message ?? '', message);
  }
});

const soundAccount = 'pass: the service account of project example can be used';
const hasToken = 'pass: Google gives the service account an access token';

test('check - FCM: Google gives a token and checks a dry run with its own library, through a proxy too', async (t) => {
  const proxy = await openConnectProxy(t);
  for (const app of [{}, { proxy: proxy.settings }]) {
    const scene = await fcmScene(t, { app });
    assert.deepEqual(words(await all(fcm.check(scene.app, environment))), [
      soundAccount,
      hasToken,
      'pass: FCM accepts credentials and settings',
    ]);
    const [received, ...others] = scene.standIn.received;
    assert.deepEqual(others, []);
    assert.equal(received?.body['validate_only'], true);
    assert.match(received?.headers['x-firebase-client'] ?? '', /^fire-admin-node/);
  }
  assert.equal(proxy.asked.length, 2);
});

test('check - FCM: that the made-up device is unknown shows that all else is right', async (t) => {
  for (const [reason, status] of [
    ['UNREGISTERED', 404],
    ['INVALID_ARGUMENT', 400],
    ['SENDER_ID_MISMATCH', 403],
  ] as const) {
    const scene = await fcmScene(t);
    scene.standIn.script('*', { status, reason });
    const said = words(await all(fcm.check(scene.app, environment)));
    assert.deepEqual(said.slice(2), [
      `pass: FCM accepts credentials and settings: it said ${reason} to a made-up device`,
    ]);
  }
});

test('check - FCM: a project that is gone is told apart from a device that is', async (t) => {
  const scene = await fcmScene(t);
  scene.standIn.script('*', { status: 404, body: '{"error":{"code":404,"status":"NOT_FOUND"}}' });
  const [, , asked] = await all(fcm.check(scene.app, environment));
  assert.deepEqual([asked?.status, asked?.message], ['fail', 'FCM refuses us: NOT_FOUND']);
  assert.match(asked?.hint ?? '', /FCM API \(V1\) is enabled/);
});

test('check - FCM: an account that Google refuses, and one of somebody else', async (t) => {
  const scene = await fcmScene(t);
  scene.standIn.scriptTokens({ status: 400, error: 'invalid_grant' });
  const [account, token, ...others] = await all(fcm.check(scene.app, environment));
  assert.deepEqual([account?.status, token?.status, others], ['pass', 'fail', []]);
  assert.match(token?.message ?? '', /no access token: oauth-refused$/);
  assert.match(token?.hint ?? '', /deleted or disabled/);
  scene.standIn.scriptTokens(undefined);
  const other = await createServiceAccount('elsewhere');
  const json = JSON.parse(other.json) as object;
  const own = JSON.parse((await createServiceAccount('example')).json) as object;
  assert.notDeepEqual(json, own);
  writeFileSync(scene.app.serviceAccountFile, other.json);
  const [, refused] = await all(fcm.check(scene.app, environment));
  assert.deepEqual([refused?.status, scene.standIn.received.length], ['fail', 0]);
});

test('check - FCM: a file that cannot be used fails, and offline nothing is asked', async (t) => {
  const scene = await fcmScene(t);
  assert.deepEqual(words(await all(fcm.check(scene.app, { ...environment, offline: true }))), [soundAccount]);
  assert.equal(scene.standIn.connections, 0);
  writeFileSync(scene.app.serviceAccountFile, '{}');
  const [found, ...others] = await all(fcm.check(scene.app, environment));
  assert.deepEqual([found?.status, others], ['fail', []]);
  assert.match(found?.message ?? '', /service-account.json is not the key file of a service account/);
});

test('check - a provider that cannot be reached is named by the reason, with the way out', async (t) => {
  const dead = await deadOrigin();
  const stranger = (await createAuthority()).certificate;
  const { app: overApns } = await apnsScene(t);
  const { app: overFcm } = await fcmScene(t);
  const last = async (findings: AsyncIterable<PartFinding>) => (await all(findings)).at(-1);
  for (const [finding, message] of [
    [
      await last(apns.check({ ...overApns, endpoint: dead }, environment)),
      'APNs cannot be used now: connection-refused',
    ],
    [await last(apns.check({ ...overApns, ca: stranger }, environment)), 'APNs cannot be used now: untrusted'],
    [await last(fcm.check({ ...overFcm, endpoint: dead }, environment)), 'FCM cannot be used now: connection-refused'],
    [
      await last(fcm.check({ ...overFcm, tokenEndpoint: dead }, environment)),
      'Google gives the service account no access token: oauth-connection-refused',
    ],
  ] as const) {
    assert.deepEqual([finding?.status, finding?.message], ['fail', message]);
    assert.match(finding?.hint ?? '', /nothing listens|ca-certificates/);
  }
});
