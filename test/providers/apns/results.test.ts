import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apnsTable, judgeAnswer, judgeFailure, type Meaning, readReason } from '../../../src/providers/apns/results.ts';
import type { PushResult } from '../../../src/core/push.ts';
import { apnsScene, deviceOf, pushOf, valuesOf } from '../fixtures.ts';

/** Apple's page of statuses and reasons, as the outcome of a device's very first push. */
const rows: [number, string, PushResult['kind']][] = [
  [400, 'BadCollapseId', 'refused'],
  [400, 'BadDeviceToken', 'misconfigured'],
  [400, 'BadExpirationDate', 'refused'],
  [400, 'BadMessageId', 'refused'],
  [400, 'BadPriority', 'refused'],
  [400, 'BadTopic', 'misconfigured'],
  [400, 'DeviceTokenNotForTopic', 'misconfigured'],
  [400, 'DuplicateHeaders', 'refused'],
  [400, 'IdleTimeout', 'retry'],
  [400, 'InvalidPushType', 'refused'],
  [400, 'MissingDeviceToken', 'refused'],
  [400, 'MissingTopic', 'misconfigured'],
  [400, 'PayloadEmpty', 'refused'],
  [400, 'TopicDisallowed', 'misconfigured'],
  [403, 'BadCertificate', 'misconfigured'],
  [403, 'BadCertificateEnvironment', 'misconfigured'],
  [403, 'BadEnvironmentKeyIdInToken', 'misconfigured'],
  [403, 'ExpiredProviderToken', 'retry'],
  [403, 'Forbidden', 'misconfigured'],
  [403, 'InvalidProviderToken', 'misconfigured'],
  [403, 'MissingProviderToken', 'misconfigured'],
  [403, 'UnrelatedKeyIdInToken', 'misconfigured'],
  [404, 'BadPath', 'misconfigured'],
  [405, 'MethodNotAllowed', 'misconfigured'],
  [410, 'ExpiredToken', 'gone'],
  [410, 'Unregistered', 'gone'],
  [413, 'PayloadTooLarge', 'refused'],
  [429, 'TooManyProviderTokenUpdates', 'retry'],
  [429, 'TooManyRequests', 'retry'],
  [500, 'InternalServerError', 'retry'],
  [503, 'ServiceUnavailable', 'retry'],
  [503, 'Shutdown', 'retry'],
];

/** What one device is told says nothing of the others. */
const aboutDevice = new Set(['BadDeviceToken', 'DeviceTokenNotForTopic', 'TooManyRequests']);

test('APNs outcomes - every row of the table, from the wire to the outcome and the metric', async (t) => {
  const scene = await apnsScene(t);
  for (const [index, [status, reason, kind]] of rows.entries()) {
    const token = index.toString(16).padStart(64, '0');
    scene.standIn.script(token, { status, reason, timestampMs: Date.UTC(2026, 5, 1) });
    const scope = aboutDevice.has(reason) && { scope: 'device' };
    assert.deepEqual(await scene.send(token), { kind, reason, ...scope }, reason);
  }
  const counted = Object.fromEntries(rows.map(([status, reason]) => [`${status} ${reason}`, 1]));
  assert.deepEqual(await valuesOf(scene.metrics.attempts), counted);
});

test('APNs outcomes - the table has no row beyond those of Apple’s page', () => {
  const listed = new Set(rows.map(([status, reason]) => `${status} ${reason}`));
  assert.deepEqual(
    apnsTable.filter(({ status, reason }) => !listed.has(`${status} ${reason}`)),
    [{ status: 200, reason: '-', meaning: 'delivered' }],
  );
});

const unknown: [number, string | undefined, Meaning, string][] = [
  [200, 'Whatever', 'delivered', 'other'],
  [204, undefined, 'delivered', '-'],
  [302, undefined, 'misconfigured', '-'],
  [400, 'BrandNew', 'refused', 'other'],
  [400, undefined, 'refused', '-'],
  [401, undefined, 'misconfigured', '-'],
  [403, 'BrandNew', 'misconfigured', 'other'],
  [404, undefined, 'misconfigured', '-'],
  [407, undefined, 'misconfigured', '-'],
  [408, undefined, 'retry', '-'],
  // Some proxy's 410 must cost no registration.
  [410, undefined, 'doubtful', '-'],
  [410, 'BrandNew', 'doubtful', 'other'],
  [413, undefined, 'refused', '-'],
  [429, 'BrandNew', 'retry', 'other'],
  [500, undefined, 'retry', '-'],
  [502, undefined, 'retry', '-'],
  [599, 'BrandNew', 'retry', 'other'],
  // A known word under a status where Apple never says it.
  [500, 'Unregistered', 'retry', 'Unregistered'],
  [400, 'Unregistered', 'refused', 'Unregistered'],
];
for (const [status, reason, meaning, word] of unknown)
  test(`APNs outcomes - ${status} ${reason ?? 'without reason'} means ${meaning}`, () => {
    assert.deepEqual(judgeAnswer(status, reason), { status, reason: word, meaning });
  });

test('APNs outcomes - bodies that are no reason', () => {
  for (const body of ['', '<html>', '{', 'null', '7', '[]', '{"reason":7}', '{"reason":null,"timestamp":"x"}'])
    assert.deepEqual(readReason(body), {}, body);
  assert.deepEqual(readReason('{"reason":"Unregistered","timestamp":1700000000000}'), {
    reason: 'Unregistered',
    timestampMs: 1_700_000_000_000,
  });
});

test('APNs outcomes - without a whole answer it was accepted only if the status said so', () => {
  assert.equal(judgeFailure({ kind: 'failure', reason: 'connection', status: 200 }), 'delivered');
  assert.equal(judgeFailure({ kind: 'failure', reason: 'connection', status: 410 }), 'retry');
  assert.equal(judgeFailure({ kind: 'failure', reason: 'timeout' }), 'retry');
});

test('APNs outcomes - a 410 older than the registration is stale news: later, not gone', async (t) => {
  const scene = await apnsScene(t);
  const diedAtMs = Date.UTC(2026, 5, 1);
  scene.standIn.script('*', { status: 410, reason: 'Unregistered', timestampMs: diedAtMs });
  const of = (registeredAtMs: number) => scene.send(undefined, {}, { registeredAtMs });
  assert.deepEqual(await of(diedAtMs - 1), { kind: 'gone', reason: 'Unregistered' });
  assert.deepEqual(await of(diedAtMs), { kind: 'retry', reason: 'Unregistered', afterMs: 600_000, scope: 'device' });
  assert.deepEqual(await of(diedAtMs + 1), {
    kind: 'retry',
    reason: 'Unregistered',
    afterMs: 600_000,
    scope: 'device',
  });
});

test('APNs outcomes - Retry-After in seconds and as a date', async (t) => {
  const scene = await apnsScene(t);
  scene.standIn.script('*', { status: 429, reason: 'TooManyRequests', retryAfter: '7', times: 1 });
  assert.deepEqual(await scene.send(), { kind: 'retry', reason: 'TooManyRequests', afterMs: 7000, scope: 'device' });
  scene.standIn.script('*', {
    status: 503,
    reason: 'Shutdown',
    retryAfter: new Date(Date.now() + 90_000).toUTCString(),
  });
  const outcome = await scene.send();
  assert.equal(outcome.kind === 'retry' && (outcome.afterMs ?? 0) > 85_000 && (outcome.afterMs ?? 0) <= 90_000, true);
});

test('APNs outcomes - what cannot be composed is refused without a request', async (t) => {
  const scene = await apnsScene(t);
  const push = pushOf({ kind: 'voip', content: { kind: 'none' } });
  assert.deepEqual(await scene.provider.send(push, deviceOf('ab'), 1000), {
    kind: 'refused',
    reason: 'call-without-ciphertext',
    unsent: true,
  });
  assert.equal(scene.standIn.received.length, 0);
});
