import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Push, PushResult } from '../../src/core/push.ts';
import { apnsTable } from '../../src/providers/apns/results.ts';
import { fcmTable } from '../../src/providers/fcm/results.ts';
import type { ResultRow } from '../../src/providers/results.ts';
import { createAppSender } from '../../src/sending/app-sender.ts';
import { manualClock } from '../support/clock.ts';
import { apnsAppOf } from '../support/registrations.ts';
import { quietTelemetry } from '../support/telemetry.ts';

const pushTo = (node: string): Push => ({
  id: node,
  app: 'siskin',
  node,
  kind: 'alert',
  account: '',
  content: { kind: 'none' },
  expiresAtMs: 0,
});

/** The result of a row if nothing else is known about the token. */
function resultOf({ result, reason, scope }: ResultRow): PushResult {
  switch (result) {
    case 'accepted':
      return { kind: 'accepted' };
    case 'dead-token':
    case 'payload-rejected':
      return { kind: result, reason };
    case 'retry':
      return { kind: 'retry', reason, scope, afterMs: 60_000 };
    case 'renew-credential':
    case 'doubtful-token':
    case 'misconfigured':
      return { kind: 'misconfigured', reason, scope };
  }
}

/** Whether the next device is asked about at once after a row was the result for this many devices. */
async function isOtherSent(row: ResultRow, devices: number): Promise<boolean> {
  const asked: string[] = [];
  const provider = {
    send(push: Push): Promise<PushResult> {
      asked.push(push.node);
      return Promise.resolve(push.node === 'other' ? { kind: 'accepted' } : resultOf(row));
    },
    largestCiphertext: () => 3072,
    hurry: () => {},
    drain: () => Promise.resolve(),
  };
  const parts = { clock: manualClock(), random: () => 0.5, ...quietTelemetry() };
  const appSender = createAppSender({ app: apnsAppOf(), connect: () => provider, ...parts });
  const device = { token: 'ab', registeredAtMs: 0 };
  for (let i = 0; i < devices; i += 1) await appSender.attempt(pushTo(`node-${i}`), device, 15_000);
  const result = await appSender.attempt(pushTo('other'), device, 15_000);
  return result.kind === 'accepted' && asked.includes('other');
}

for (const [provider, table] of [
  ['APNs', apnsTable],
  ['FCM', fcmTable],
] as const) {
  for (const row of table) {
    const mayStop = row.scope === 'app';
    test(`result scopes - ${provider} ${row.status} ${row.reason}, for 1,000 devices, ${mayStop ? 'opens the circuit' : 'changes nothing for others'}`, async () => {
      assert.equal(await isOtherSent(row, 1_000), !mayStop);
    });
  }
}
