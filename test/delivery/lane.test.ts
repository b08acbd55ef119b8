import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLane } from '../../src/delivery/lane.ts';
import type { Outcome, Push } from '../../src/push.ts';
import { manualClock } from '../support/clock.ts';
import { apnsAppOf } from '../support/registrations.ts';
import { quietTelemetry } from '../support/telemetry.ts';

test('lane - while the provider hangs, who does not get in within a second is told so, whatever the patience', async () => {
  const clock = manualClock();
  const provider = {
    send: () => new Promise<Outcome>(() => {}),
    largestCiphertext: () => 3072,
    drain: () => Promise.resolve(),
  };
  const app = apnsAppOf({ inFlight: 2 });
  const lane = createLane({ app, provider, clock, random: () => 0.5, ...quietTelemetry() });
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
