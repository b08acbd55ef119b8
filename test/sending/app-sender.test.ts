import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLane } from '../../src/sending/app-sender.ts';
import type { Outcome, Push } from '../../src/core/push.ts';
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

/** A lane whose provider plays back outcomes. */
function playing(outcomes: Outcome[]) {
  const provider = {
    send: () => Promise.resolve(outcomes.shift() ?? { kind: 'delivered' as const }),
    largestCiphertext: () => 3072,
    drain: () => Promise.resolve(),
  };
  return createLane({ app: apnsAppOf(), provider, clock: manualClock(), random: () => 0.5, ...quietTelemetry() });
}

const many = (outcome: Outcome, count = 10) => Array.from({ length: count }, () => outcome);
const unavailable: Outcome = { kind: 'retry', reason: 'ServiceUnavailable' };

test('lane - what one device is refused for is not said of others while the provider is spared', async () => {
  const ofOne: Outcome = { kind: 'misconfigured', reason: 'BadDeviceToken', scope: 'device' };
  const outcomes = [...many(unavailable, 9), ofOne, unavailable];
  const lane = playing(outcomes);
  while (outcomes.length > 0) await lane.attempt(push, device, 15_000);
  assert.equal(lane.circuit.kind, 'open');
  assert.deepEqual(await lane.attempt(push, device, 15_000), { kind: 'retry', reason: 'spared' });
});

test('lane - a wrong key is said of all while the provider is spared', async () => {
  const wrongKey: Outcome = { kind: 'misconfigured', reason: 'InvalidProviderToken' };
  const outcomes = many(wrongKey);
  const lane = playing(outcomes);
  while (outcomes.length > 0) await lane.attempt(push, device, 15_000);
  assert.deepEqual(await lane.attempt(push, device, 15_000), wrongKey);
});

test('lane - a payload that was never sent proves nothing about the provider', async () => {
  const unsent: Outcome = { kind: 'refused', reason: 'payload-too-large', unsent: true };
  const outcomes = [...many(unavailable, 9), unsent, unavailable];
  const lane = playing(outcomes);
  while (outcomes.length > 0) await lane.attempt(push, device, 15_000);
  assert.equal(lane.circuit.kind, 'open');
  assert.equal(lane.state.kind, 'failing');
});

test('lane - one busy device is not the app’s trouble', async () => {
  const outcomes = many({ kind: 'retry', reason: 'TooManyRequests', scope: 'device' });
  const lane = playing(outcomes);
  while (outcomes.length > 0) await lane.attempt(push, device, 15_000);
  assert.deepEqual([lane.state, lane.circuit], [{ kind: 'working' }, { kind: 'closed' }]);
});

test('lane - while the provider hangs, who does not get in within a second is told so, whatever the patience', async () => {
  const clock = manualClock();
  const provider = {
    send: () => new Promise<Outcome>(() => {}),
    largestCiphertext: () => 3072,
    drain: () => Promise.resolve(),
  };
  const app = apnsAppOf({ inFlight: 2 });
  const lane = createLane({ app, provider, clock, random: () => 0.5, ...quietTelemetry() });
  const told: Outcome[] = [];
  for (let i = 0; i < 5; i += 1) void lane.attempt(push, device, 15_000).then((outcome) => told.push(outcome));
  clock.advance(999);
  await new Promise(setImmediate);
  assert.deepEqual([lane.free, told], [0, []]);
  clock.advance(1);
  await new Promise(setImmediate);
  assert.deepEqual(
    told,
    Array.from({ length: 3 }, () => ({ kind: 'retry', reason: 'overloaded' })),
  );
});
