import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apnsScene, account } from '../fixtures.ts';

test('APNs client - an alert arrives as written and is delivered', async (t) => {
  const scene = await apnsScene(t);
  const id = 'eabeae54-14a8-11e5-b60b-1697f925ec7b';
  assert.deepEqual(await scene.send(undefined, { id }), { kind: 'delivered' });
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
