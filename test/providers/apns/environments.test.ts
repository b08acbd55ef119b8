import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createApnsStandIn } from '../../../src/harness/stand-ins/apns.ts';
import type { ApnsApp } from '../../../src/providers/apns/settings.ts';
import type { Environment } from '../../../src/core/registration.ts';
import { manualClock } from '../../support/clock.ts';
import { apnsScene, topic } from '../fixtures.ts';

const productionToken = '11'.repeat(32);
const sandboxToken = '22'.repeat(32);
const deadToken = '33'.repeat(32);

/** Two stand-ins, each with tokens of its own; a dead token belongs to neither. */
async function twoEnvironments(t: TestContext, environment: ApnsApp['environment'] = 'auto') {
  const clock = manualClock();
  const { createApnsKey } = await import('../../../src/harness/stand-ins/certificates.ts');
  const key = await createApnsKey();
  const ids = { keyId: 'ABC1234567', teamId: 'TEAM123456' };
  const keys = [{ ...ids, publicKey: key.publicKey }];
  const sandbox = await createApnsStandIn({
    keys,
    topics: [topic],
    clock,
    isForeignToken: (token) => token !== sandboxToken,
  });
  t.after(() => sandbox.close());
  const scene = await apnsScene(t, {
    clock,
    standIn: { keys, authority: sandbox.authority, isForeignToken: (token) => token !== productionToken },
    app: {
      credentials: { kind: 'token', key: { reveal: () => key.privateKey, toString: () => '' }, ...ids },
      environment,
      sandboxEndpoint: sandbox.origin,
    },
  });
  const send = (token: string, remembered?: Environment) =>
    scene.send(token, {}, remembered === undefined ? {} : { environment: remembered });
  return { clock, production: scene.standIn, sandbox, send };
}

test('environment - auto finds production at once and the sandbox at the second try, and reports which', async (t) => {
  const { production, sandbox, send } = await twoEnvironments(t);
  assert.deepEqual(await send(productionToken), { kind: 'accepted', environment: 'production' });
  assert.deepEqual(await send(sandboxToken), { kind: 'accepted', environment: 'sandbox' });
  assert.deepEqual(
    production.received.map(({ status }) => status),
    [200, 400],
  );
  assert.equal(sandbox.received.length, 1);
  const ids = [production.received[1], sandbox.received[0]].map((push) => push?.headers['apns-id']);
  assert.equal(ids[0], ids[1]);
});

test('environment - auto begins where the token was accepted last', async (t) => {
  const { production, send } = await twoEnvironments(t);
  assert.deepEqual(await send(sandboxToken, 'sandbox'), { kind: 'accepted', environment: 'sandbox' });
  assert.equal(production.received.length, 0);
  assert.deepEqual(await send(productionToken, 'sandbox'), { kind: 'accepted', environment: 'production' });
});

test('environment - an unreachable sandbox does not affect production', async (t) => {
  const { sandbox, send } = await twoEnvironments(t);
  sandbox.script('*', { status: 503, reason: 'ServiceUnavailable' });
  const away = { kind: 'retry', reason: 'ServiceUnavailable', scope: 'device' };
  assert.deepEqual(await send(sandboxToken), away);
  assert.deepEqual(await send(sandboxToken, 'sandbox'), away);
  assert.deepEqual(await send(productionToken), { kind: 'accepted', environment: 'production' });
});

test('environment - a fixed environment is never left and not reported', async (t) => {
  const { sandbox, send } = await twoEnvironments(t, 'production');
  assert.deepEqual(await send(productionToken), { kind: 'accepted' });
  assert.deepEqual(await send(sandboxToken), { kind: 'dead-token', reason: 'BadDeviceToken', doubtful: true });
  assert.equal(sandbox.received.length, 0);
});

test('environment - sandbox only', async (t) => {
  const { production, send } = await twoEnvironments(t, 'sandbox');
  assert.deepEqual(await send(sandboxToken), { kind: 'accepted' });
  assert.equal(production.received.length, 0);
});

test('environment - BadDeviceToken is believed only if the first environment accepted something within the hour', async (t) => {
  const { clock, send } = await twoEnvironments(t);
  const doubted = { kind: 'misconfigured', reason: 'BadDeviceToken', scope: 'unclear' };
  assert.deepEqual(await send(deadToken), doubted);
  await send(productionToken);
  clock.advance(3_600_000);
  assert.deepEqual(await send(deadToken), { kind: 'dead-token', reason: 'BadDeviceToken', doubtful: true });
  clock.advance(1);
  assert.deepEqual(await send(deadToken), doubted);
  // A success in the sandbox proves nothing about production.
  await send(sandboxToken, 'sandbox');
  assert.deepEqual(await send(deadToken, 'production'), doubted);
  assert.deepEqual(await send(deadToken, 'sandbox'), { kind: 'dead-token', reason: 'BadDeviceToken', doubtful: true });
});

test('environment - auto: the result of the second environment decides unless it is doubtful too', async (t) => {
  const { sandbox, send } = await twoEnvironments(t);
  await send(productionToken);
  sandbox.script(deadToken, { status: 503, reason: 'Shutdown', times: 1 });
  assert.deepEqual(await send(deadToken), { kind: 'retry', reason: 'Shutdown', scope: 'device' });
  sandbox.script(deadToken, { status: 403, reason: 'BadEnvironmentKeyIdInToken', times: 1 });
  assert.deepEqual(await send(deadToken), {
    kind: 'misconfigured',
    reason: 'BadEnvironmentKeyIdInToken',
    scope: 'device',
  });
  sandbox.script(deadToken, { status: 410, reason: 'Unregistered', timestampMs: Date.UTC(2026, 9, 1), times: 1 });
  assert.deepEqual(await send(deadToken), { kind: 'dead-token', reason: 'Unregistered' });
});

test('environment - with one endpoint for both, a dead token is tried twice there and then doubted', async (t) => {
  const scene = await apnsScene(t, {
    app: { environment: 'auto' },
    standIn: { isForeignToken: (token) => token === deadToken },
  });
  assert.deepEqual(await scene.send(deadToken), { kind: 'misconfigured', reason: 'BadDeviceToken', scope: 'unclear' });
  assert.deepEqual(await scene.send(), { kind: 'accepted', environment: 'production' });
});

test('environment - DeviceTokenNotForTopic is doubted too', async (t) => {
  const scene = await apnsScene(t, {
    standIn: { topicOf: (token) => (token === deadToken ? 'org.example.other' : undefined) },
  });
  assert.deepEqual(await scene.send(deadToken), {
    kind: 'misconfigured',
    reason: 'DeviceTokenNotForTopic',
    scope: 'unclear',
  });
  await scene.send();
  assert.deepEqual(await scene.send(deadToken), {
    kind: 'dead-token',
    reason: 'DeviceTokenNotForTopic',
    doubtful: true,
  });
});
