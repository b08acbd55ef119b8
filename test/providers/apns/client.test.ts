import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '../../support/clock.ts';
import { account, apnsScene, apnsToken } from '../fixtures.ts';

test('APNs client - an alert arrives as written and is delivered', async (t) => {
  const scene = await apnsScene(t);
  const id = 'eabeae54-14a8-11e5-b60b-1697f925ec7b';
  assert.deepEqual(await scene.send(undefined, { id }), { kind: 'accepted' });
  const push = scene.standIn.received[0];
  assert.ok(push);
  const { authorization, 'content-length': length, ...headers } = push.headers;
  assert.match(String(authorization), /^bearer ey/);
  assert.equal(Number(length), push.bytes);
  assert.deepEqual(headers, {
    'apns-topic': 'org.example.messenger',
    'apns-push-type': 'alert',
    'apns-priority': '10',
    'apns-expiration': String(Date.UTC(2027, 0, 1) / 1000),
    'apns-id': id,
    'apns-collapse-id': id,
  });
  assert.deepEqual(push.body, {
    aps: { alert: { body: 'New message!' }, sound: 'default', 'mutable-content': 1 },
    account,
    encrypted: 'Y2lwaGVydGV4dA==',
    iv: 'aXY=',
  });
});

test('APNs client - a call goes to the VoIP topic, unless it has no ciphertext', async (t) => {
  const scene = await apnsScene(t);
  assert.deepEqual(await scene.send(undefined, { kind: 'voip', expiresAtMs: 0 }), { kind: 'accepted' });
  assert.equal(scene.standIn.received[0]?.headers['apns-topic'], 'org.example.messenger.voip');
  assert.deepEqual(await scene.send(undefined, { kind: 'voip', content: { kind: 'none' } }), {
    kind: 'payload-rejected',
    reason: 'call-without-ciphertext',
    unsent: true,
  });
});

test('APNs client - a ciphertext that does not fit is left out, and counted', async (t) => {
  const scene = await apnsScene(t);
  const content = { kind: 'sealed', ciphertext: 'A'.repeat(4000), iv: 'aXY=' } as const;
  assert.deepEqual(await scene.send(undefined, { content }), { kind: 'accepted' });
  assert.equal('encrypted' in (scene.standIn.received[0]?.body ?? {}), false);
  assert.equal((await scene.metrics.oversize.get()).values[0]?.value, 1);
});

test('APNs client - the same push sent again has the same id and collapse id', async (t) => {
  const scene = await apnsScene(t);
  const id = 'eabeae54-14a8-11e5-b60b-1697f925ec7b';
  await scene.send(undefined, { id });
  await scene.send(undefined, { id });
  for (const name of ['apns-id', 'apns-collapse-id'])
    assert.deepEqual(
      scene.standIn.received.map(({ headers }) => headers[name]),
      [id, id],
    );
});

test('APNs client - a device token with path characters is escaped', async (t) => {
  const scene = await apnsScene(t);
  const refused = { kind: 'misconfigured', reason: 'BadDeviceToken', scope: 'unclear' };
  const rows: [token: string, written: string][] = [
    ['../../1/x', '..%2f..%2f1%2fx'],
    ['../device/x', '..%2fdevice%2fx'],
    ['..', '..'],
    ['a b', 'a%20b'],
    ['é', '%c3%a9'],
    ['\r\nx: y', '%0d%0ax%3a%20y'],
    ['?', '%3f'],
    ['#', '%23'],
    [`${apnsToken}?x`, `${apnsToken}%3fx`],
    ['%2f', '%252f'],
  ];
  for (const [token, written] of rows) {
    assert.deepEqual(await scene.send(token), refused, JSON.stringify(token));
    assert.equal(scene.standIn.received.at(-1)?.token, written);
  }
  assert.deepEqual(await scene.send(''), { kind: 'payload-rejected', reason: 'MissingDeviceToken' });
  assert.deepEqual(await scene.send(), { kind: 'accepted' });
  assert.equal(scene.standIn.received.length, rows.length + 2);
});

test('APNs client - the time of the last delivery and its duration are metrics', async (t) => {
  const clock = manualClock();
  const scene = await apnsScene(t, { clock });
  await scene.send();
  const [delivered] = (await scene.metrics.lastDelivered.get()).values;
  assert.equal(delivered?.value, clock.now() / 1000);
  const duration = (await scene.metrics.pushDuration.get()).values.find(({ metricName }) =>
    metricName?.endsWith('_count'),
  );
  assert.deepEqual([duration?.labels, duration?.value], [{ app: 'messenger', provider: 'apns' }, 1]);
});

test('APNs client - hurry ends a push that hangs; sent again it has the same id', async (t) => {
  const clock = manualClock();
  const scene = await apnsScene(t, { clock });
  scene.standIn.script(apnsToken, { fault: 'hang', times: 1 });
  const id = 'eabeae54-14a8-11e5-b60b-1697f925ec7b';
  const seen = scene.standIn.waitFor(() => true, 20_000);
  const underWay = scene.send(undefined, { id });
  await seen;
  scene.provider.hurry();
  assert.deepEqual(await underWay, { kind: 'retry', reason: 'timeout', scope: 'app' });
  // Past the pause before the next connection.
  clock.advance(1_000);
  assert.deepEqual(await scene.send(undefined, { id }), { kind: 'accepted' });
  assert.deepEqual(
    scene.standIn.received.map(({ headers }) => headers['apns-id']),
    [id, id],
  );
});
