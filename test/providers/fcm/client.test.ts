import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fcmScene } from '../fixtures.ts';

test('FCM client - a message arrives as written and is delivered', async (t) => {
  const scene = await fcmScene(t);
  assert.deepEqual(await scene.send(), { kind: 'delivered' });
  const push = scene.standIn.received[0];
  assert.deepEqual(push?.headers['content-type'], 'application/json');
});
