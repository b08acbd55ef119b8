import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '../../support/clock.ts';
import { account, fcmScene, fcmToken } from '../fixtures.ts';

test('FCM client - a message arrives as written and is delivered', async (t) => {
  const scene = await fcmScene(t);
  assert.deepEqual(await scene.send(undefined, { expiresAtMs: Date.now() + 60_000 }), { kind: 'accepted' });
  const push = scene.standIn.received[0];
  assert.ok(push);
  const { authorization, ...headers } = push.headers;
  assert.match(String(authorization), /^Bearer ya29\./);
  assert.deepEqual(headers, {
    host: new URL(scene.standIn.origin).host,
    connection: 'keep-alive',
    'content-type': 'application/json',
    'content-length': String(push.bytes),
  });
  assert.deepEqual(push.body, {
    message: {
      token: fcmToken,
      data: { account, encrypted: 'Y2lwaGVydGV4dA==', iv: 'aXY=' },
      android: { priority: 'high', ttl: '60s' },
    },
  });
});

test('FCM client - a ciphertext that does not fit is left out, and counted', async (t) => {
  const scene = await fcmScene(t);
  const content = { kind: 'sealed', ciphertext: 'A'.repeat(4000), iv: 'aXY=' } as const;
  assert.deepEqual(await scene.send(undefined, { content }), { kind: 'accepted' });
  const message = scene.standIn.received[0]?.body['message'] as { data: unknown } | undefined;
  assert.deepEqual(message?.data, { account });
  assert.equal((await scene.metrics.oversize.get()).values[0]?.value, 1);
});

test('FCM client - FCM accepts the largest payload that is composed', async (t) => {
  const scene = await fcmScene(t);
  // account 7 + 17 + 8, encrypted 9 + n + 8, iv 2 + 4 + 8: 4000 in all
  const content = { kind: 'sealed', ciphertext: 'A'.repeat(4000 - 63), iv: 'aXY=' } as const;
  assert.deepEqual(await scene.send(undefined, { content }), { kind: 'accepted' });
  assert.equal((await scene.metrics.oversize.get()).values[0]?.value ?? 0, 0);
});

test('FCM client - the time of the last delivery and its duration are metrics', async (t) => {
  const clock = manualClock();
  const scene = await fcmScene(t, { clock });
  await scene.send();
  const [delivered] = (await scene.metrics.lastDelivered.get()).values;
  assert.equal(delivered?.value, clock.now() / 1000);
  const duration = (await scene.metrics.pushDuration.get()).values.find(({ metricName }) =>
    metricName?.endsWith('_count'),
  );
  assert.deepEqual([duration?.labels, duration?.value], [{ app: 'messenger', provider: 'fcm' }, 1]);
});
