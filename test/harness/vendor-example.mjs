import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as harness from 'sealpost/harness';
import { startMyComponent } from './my-component.mjs';

test('our push app server does what clients expect of it', async () => {
  const parts = { clock: harness.systemClock, randomBytes };
  const providers = await harness.setProviders(parts);
  const components = new Map([['push.test', 'secret']]);
  const acceptor = await harness.createAcceptor({ ...parts, components });
  const stop = await startMyComponent(acceptor.service, 'push.test', 'secret', harness.describeSettings(providers));
  await acceptor.whenConnected('push.test', 10_000);
  const stage = harness.assembleStage({ ...parts, acceptor, providers, component: 'push.test' });
  const scenarios = harness.scenarios.filter(({ scope, phone }) => scope === 'any' && phone === 'siskin');
  const { results } = await harness.runScenarios({ scenarios, stage });
  for (const closing of [stop(), acceptor.close(), providers.close()]) await closing;
  assert.deepEqual(results.flatMap(harness.problemsOf), []);
});
