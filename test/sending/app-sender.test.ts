import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAppSender, type AppSender } from '../../src/sending/app-sender.ts';
import type { PushResult, Push } from '../../src/core/push.ts';
import { manualClock } from '../support/clock.ts';
import { apnsAppOf } from '../support/registrations.ts';
import { quietTelemetry } from '../support/telemetry.ts';

const push: Push = {
  id: 'a',
  app: 'siskin',
  node: 'n',
  kind: 'alert',
  account: '',
  content: { kind: 'none' },
  expiresAtMs: 0,
};
const device = { token: 'ab', registeredAtMs: 0 };

/** An app sender whose provider plays back results. */
function playing(outcomes: PushResult[]) {
  const provider = {
    send: () => Promise.resolve(outcomes.shift() ?? { kind: 'accepted' as const }),
    largestCiphertext: () => 3072,
    drain: () => Promise.resolve(),
  };
  return createAppSender({
    app: apnsAppOf(),
    connect: () => provider,
    clock: manualClock(),
    random: () => 0.5,
    ...quietTelemetry(),
  });
}

const many = (outcome: PushResult, count = 10) => Array.from({ length: count }, () => outcome);
const unavailable: PushResult = { kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' };

/** As many attempts as there are outcomes to come: each must reach the provider. */
async function attemptAll(appSender: AppSender, outcomes: readonly PushResult[]): Promise<void> {
  for (let left = outcomes.length; left > 0; left -= 1) await appSender.attempt(push, device, 15_000);
  assert.equal(outcomes.length, 0, 'the circuit opened too early');
}

test('app sender - a refusal of one device is not returned for others while the circuit is open', async () => {
  const ofOne: PushResult = { kind: 'misconfigured', reason: 'BadDeviceToken', scope: 'device' };
  const outcomes = [...many(unavailable, 9), ofOne, unavailable];
  const appSender = playing(outcomes);
  await attemptAll(appSender, outcomes);
  assert.equal(appSender.circuit.kind, 'open');
  assert.deepEqual(await appSender.attempt(push, device, 15_000), {
    kind: 'retry',
    reason: 'circuit-open',
    scope: 'app',
  });
});

test('app sender - a wrong key is returned for all pushes while the circuit is open', async () => {
  const wrongKey: PushResult = { kind: 'misconfigured', reason: 'InvalidProviderToken', scope: 'app' };
  const outcomes = many(wrongKey);
  const appSender = playing(outcomes);
  await attemptAll(appSender, outcomes);
  assert.deepEqual(await appSender.attempt(push, device, 15_000), wrongKey);
});

test('app sender - a payload that was never sent proves nothing about the provider', async () => {
  const unsent: PushResult = { kind: 'payload-rejected', reason: 'payload-too-large', unsent: true };
  const outcomes = [...many(unavailable, 9), unsent, unavailable];
  const appSender = playing(outcomes);
  await attemptAll(appSender, outcomes);
  assert.equal(appSender.circuit.kind, 'open');
  assert.equal(appSender.state.kind, 'failing');
});

test('app sender - one busy device does not make the app fail', async () => {
  const outcomes = many({ kind: 'retry', reason: 'TooManyRequests', scope: 'device' });
  const appSender = playing(outcomes);
  await attemptAll(appSender, outcomes);
  assert.deepEqual([appSender.state, appSender.circuit], [{ kind: 'working' }, { kind: 'closed' }]);
});

test('app sender - while the provider hangs, a push that gets no place within a second is told so, whatever its patience', async () => {
  const clock = manualClock();
  const provider = {
    send: () => new Promise<PushResult>(() => {}),
    largestCiphertext: () => 3072,
    drain: () => Promise.resolve(),
  };
  const app = apnsAppOf({ inFlight: 2 });
  const appSender = createAppSender({ app, connect: () => provider, clock, random: () => 0.5, ...quietTelemetry() });
  const told: PushResult[] = [];
  for (let i = 0; i < 5; i += 1) void appSender.attempt(push, device, 15_000).then((outcome) => told.push(outcome));
  clock.advance(999);
  await new Promise(setImmediate);
  assert.deepEqual([appSender.free, told], [0, []]);
  clock.advance(1);
  await new Promise(setImmediate);
  assert.deepEqual(
    told,
    Array.from({ length: 3 }, () => ({ kind: 'retry', reason: 'overloaded', scope: 'device' })),
  );
});

test('app sender - a push expires by true time, however far the server’s own clock is ahead of it', async () => {
  const sent: Push[] = [];
  const provider = {
    send(one: Push): Promise<PushResult> {
      sent.push(one);
      return Promise.resolve({ kind: 'accepted' });
    },
    largestCiphertext: () => 3072,
    drain: () => Promise.resolve(),
  };
  const parts = { clock: manualClock(), random: () => 0.5, ...quietTelemetry() };
  const appSender = createAppSender({ app: apnsAppOf(), connect: () => provider, aheadMs: () => 3_600_000, ...parts });
  await appSender.attempt({ ...push, expiresAtMs: 10_000_000 }, device, 15_000);
  await appSender.attempt({ ...push, expiresAtMs: 0 }, device, 15_000);
  assert.deepEqual(
    sent.map(({ expiresAtMs }) => expiresAtMs),
    [6_400_000, 0],
  );
});

test('app sender - fifty unclear results without an accepted push show in the app’s state', async () => {
  const outcomes = many({ kind: 'retry', reason: 'QUOTA_EXCEEDED', scope: 'unclear' }, 50);
  const appSender = playing(outcomes);
  while (outcomes.length > 1) await appSender.attempt(push, device, 15_000);
  assert.deepEqual(appSender.state, { kind: 'working' });
  await appSender.attempt(push, device, 15_000);
  assert.deepEqual(appSender.state, { kind: 'failing', reason: 'QUOTA_EXCEEDED', failures: 50 });
  assert.equal(appSender.circuit.kind, 'closed');
  await appSender.attempt(push, device, 15_000);
  assert.deepEqual(appSender.state, { kind: 'working' });
});
