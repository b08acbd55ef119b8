import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { RegistrationRequest } from '../../../src/core/registration.ts';
import { openRegistry } from '../../support/store.ts';
import { nodeNames } from '../../support/nodes.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { manualClock } from '../../support/clock.ts';
import { quietTelemetry } from '../../support/telemetry.ts';

const romeo: RegistrationRequest = {
  app: 'siskin',
  convention: 'tigase',
  account: 'Romeo@example.net',
  device: 'AB12',
  token: 'AB12',
  secondToken: '77ab',
  withSecret: true,
  component: 'push.example.com',
};

async function open(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-restore-'));
  const metrics = createMetrics('test');
  const clock = manualClock();
  const store = { kind: 'sqlite', path: join(folder, 'store.db') } as const;
  const registry = await openRegistry({ store, clock, nodes: nodeNames(), metrics, log: quietTelemetry().log });
  t.after(async () => {
    await registry.close();
    rmSync(folder, { recursive: true });
  });
  return { registry, metrics, clock };
}

test('restore - a removed registration is back as it was, without tombstone, and counted', async (t) => {
  const { registry, metrics } = await open(t);
  const { node } = await registry.register(romeo);
  await registry.rememberEnvironment(node, 'sandbox');
  const before = await registry.find(node);
  assert.ok(before);
  await registry.remove(node, before.registeredAtMs, 'gone');
  assert.equal(await registry.restore([before]), 1);
  assert.deepEqual(await registry.find(node), before);
  assert.equal(await registry.wasRemoved(node), false);
  const text = await metrics.registry.metrics();
  assert.match(text, /^sealpost_registrations\{app="siskin"\} 1$/m);
  assert.match(text, /^sealpost_registrations_restored_total\{app="siskin"\} 1$/m);
  assert.equal((await registry.register(romeo)).node, node);
});

test('restore - a second token comes back unless the client registered anew', async (t) => {
  const { registry, metrics, clock } = await open(t);
  const before = await registry.register(romeo);
  await registry.dropSecondToken(before.node, '77ab');
  assert.equal(await registry.restore([before]), 1);
  assert.equal((await registry.find(before.node))?.secondToken, '77ab');
  assert.match(await metrics.registry.metrics(), /^sealpost_registrations\{app="siskin"\} 1$/m);
  clock.advance(1);
  const { secondToken: _, ...without } = romeo;
  await registry.register(without);
  await registry.restore([before]);
  assert.equal((await registry.find(before.node))?.secondToken, undefined);
});

test('restore - a device that left after its provider called it dead stays away', async (t) => {
  const { registry } = await open(t);
  const before = await registry.register(romeo);
  await registry.remove(before.node, before.registeredAtMs, 'gone');
  assert.equal(await registry.unregister({ account: romeo.account, token: before.node }), 0);
  assert.equal(await registry.restore([before]), 0);
  assert.equal(await registry.find(before.node), undefined);
  assert.equal(await registry.wasRemoved(before.node), true);
});

test('restore - a device that is registered with another node by now stays as it is', async (t) => {
  const { registry } = await open(t);
  const before = { ...(await registry.register(romeo)), node: 'of-an-earlier-version' };
  await registry.remove((await registry.register(romeo)).node, Infinity, 'gone');
  const after = await registry.register(romeo);
  assert.equal(await registry.restore([before]), 0);
  assert.equal(await registry.find(before.node), undefined);
  assert.deepEqual(await registry.find(after.node), after);
});
