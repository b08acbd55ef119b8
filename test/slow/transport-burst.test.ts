import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apnsScene, unhurried } from '../providers/fixtures.ts';

test('HTTP/2 transport - a burst of 20,000 is delivered, over no more than four connections', async (t) => {
  const scene = await apnsScene(t, { standIn: { receivedLimit: 20 }, ...unhurried() });
  const tokens = Array.from({ length: 20_000 }, (_, index) => index.toString(16).padStart(64, '0'));
  const results = await Promise.all(tokens.map((token) => scene.send(token)));
  assert.equal(results.filter(({ kind }) => kind === 'accepted').length, 20_000);
  assert.ok(scene.standIn.connections <= 4, `${scene.standIn.connections} connections`);
});
