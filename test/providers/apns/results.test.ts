import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apnsTable, readReason, resultOfAnswer } from '../../../src/providers/apns/results.ts';
import { type RowResult, resultOfFailure } from '../../../src/providers/results.ts';
import type { PushResult } from '../../../src/core/push.ts';
import { apnsScene, deviceOf, pushOf, valuesOf } from '../fixtures.ts';

/** Apple's page of statuses and reasons, with the result of each for a device's first push. */
const rows: [number, string, PushResult['kind']][] = [
  [400, 'BadCollapseId', 'payload-rejected'],
  [400, 'BadDeviceToken', 'misconfigured'],
  [400, 'BadExpirationDate', 'payload-rejected'],
  [400, 'BadMessageId', 'payload-rejected'],
  [400, 'BadPriority', 'payload-rejected'],
  [400, 'BadTopic', 'misconfigured'],
  [400, 'DeviceTokenNotForTopic', 'misconfigured'],
  [400, 'DuplicateHeaders', 'payload-rejected'],
  [400, 'IdleTimeout', 'retry'],
  [400, 'InvalidPushType', 'payload-rejected'],
  [400, 'MissingDeviceToken', 'payload-rejected'],
  [400, 'MissingTopic', 'misconfigured'],
  [400, 'PayloadEmpty', 'payload-rejected'],
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
  [410, 'ExpiredToken', 'dead-token'],
  [410, 'Unregistered', 'dead-token'],
  [413, 'PayloadTooLarge', 'payload-rejected'],
  [429, 'TooManyProviderTokenUpdates', 'retry'],
  [429, 'TooManyRequests', 'retry'],
  [500, 'InternalServerError', 'retry'],
  [503, 'ServiceUnavailable', 'retry'],
  [503, 'Shutdown', 'retry'],
];

/** Reasons that concern one device, or may do so. */
const scopes = new Map([
  ['BadDeviceToken', 'unclear'],
  ['DeviceTokenNotForTopic', 'unclear'],
  ['TooManyRequests', 'device'],
]);

test('APNs results - every row of the table, from the wire to the outcome and the metric', async (t) => {
  const scene = await apnsScene(t);
  for (const [index, [status, reason, kind]] of rows.entries()) {
    const token = index.toString(16).padStart(64, '0');
    scene.standIn.script(token, { status, reason, timestampMs: Date.UTC(2026, 5, 1) });
    const isFailure = kind === 'retry' || kind === 'misconfigured';
    const scope = isFailure && { scope: scopes.get(reason) ?? 'app' };
    assert.deepEqual(await scene.send(token), { kind, reason, ...scope }, reason);
  }
  const counted = Object.fromEntries(rows.map(([status, reason]) => [`${status} ${reason}`, 1]));
  assert.deepEqual(await valuesOf(scene.metrics.attempts), counted);
});

test('APNs results - the table has no row beyond those of Apple’s page', () => {
  const listed = new Set(rows.map(([status, reason]) => `${status} ${reason}`));
  assert.deepEqual(
    apnsTable.filter(({ status, reason }) => !listed.has(`${status} ${reason}`)),
    [{ status: 200, reason: '-', result: 'accepted', scope: 'device' }],
  );
});

const unknown: [number, string | undefined, RowResult, string][] = [
  [200, 'Whatever', 'accepted', 'other'],
  [204, undefined, 'accepted', '-'],
  [302, undefined, 'misconfigured', '-'],
  [400, 'BrandNew', 'payload-rejected', 'other'],
  [400, undefined, 'payload-rejected', '-'],
  [401, undefined, 'misconfigured', '-'],
  [403, 'BrandNew', 'misconfigured', 'other'],
  [404, undefined, 'misconfigured', '-'],
  [407, undefined, 'misconfigured', '-'],
  [408, undefined, 'retry', '-'],
  // A 410 of some proxy must not cost a registration.
  [410, undefined, 'doubtful-token', '-'],
  [410, 'BrandNew', 'doubtful-token', 'other'],
  [413, undefined, 'payload-rejected', '-'],
  [429, 'BrandNew', 'retry', 'other'],
  [500, undefined, 'retry', '-'],
  [502, undefined, 'retry', '-'],
  [599, 'BrandNew', 'retry', 'other'],
  // A known reason under a status that Apple does not use for it.
  [500, 'Unregistered', 'retry', 'Unregistered'],
  [400, 'Unregistered', 'payload-rejected', 'Unregistered'],
];
for (const [status, reason, result, word] of unknown)
  test(`APNs results - ${status} ${reason ?? 'without reason'} means ${result}`, () => {
    const { scope: _, ...row } = resultOfAnswer(status, reason);
    assert.deepEqual(row, { status, reason: word, result });
  });

test('APNs results - bodies without a reason', () => {
  for (const body of ['', '<html>', '{', 'null', '7', '[]', '{"reason":7}', '{"reason":null,"timestamp":"x"}'])
    assert.deepEqual(readReason(body), {}, body);
  assert.deepEqual(readReason('{"reason":"Unregistered","timestamp":1700000000000}'), {
    reason: 'Unregistered',
    timestampMs: 1_700_000_000_000,
  });
});

test('APNs results - without a complete answer a push is accepted only if the status said so', () => {
  assert.equal(resultOfFailure({ kind: 'failure', reason: 'connection', status: 200 }).result, 'accepted');
  assert.equal(resultOfFailure({ kind: 'failure', reason: 'connection', status: 410 }).result, 'retry');
  assert.equal(resultOfFailure({ kind: 'failure', reason: 'timeout' }).result, 'retry');
});

test('APNs results - a 410 older than the registration is retried, and the registration stays', async (t) => {
  const scene = await apnsScene(t);
  const diedAtMs = Date.UTC(2026, 5, 1);
  scene.standIn.script('*', { status: 410, reason: 'Unregistered', timestampMs: diedAtMs });
  const of = (registeredAtMs: number) => scene.send(undefined, {}, { registeredAtMs });
  assert.deepEqual(await of(diedAtMs - 1), { kind: 'dead-token', reason: 'Unregistered' });
  assert.deepEqual(await of(diedAtMs), { kind: 'retry', reason: 'Unregistered', afterMs: 600_000, scope: 'device' });
  assert.deepEqual(await of(diedAtMs + 1), {
    kind: 'retry',
    reason: 'Unregistered',
    afterMs: 600_000,
    scope: 'device',
  });
});

test('APNs results - Retry-After in seconds and as a date', async (t) => {
  const scene = await apnsScene(t);
  scene.standIn.script('*', { status: 429, reason: 'TooManyRequests', retryAfter: '7', times: 1 });
  assert.deepEqual(await scene.send(), { kind: 'retry', reason: 'TooManyRequests', afterMs: 7000, scope: 'device' });
  scene.standIn.script('*', {
    status: 503,
    reason: 'Shutdown',
    retryAfter: new Date(Date.now() + 3_600_000).toUTCString(),
  });
  const outcome = await scene.send();
  assert.equal(
    outcome.kind === 'retry' && (outcome.afterMs ?? 0) > 3_000_000 && (outcome.afterMs ?? 0) <= 3_600_000,
    true,
  );
});

test('APNs results - a push that cannot be composed is refused without a request', async (t) => {
  const scene = await apnsScene(t);
  const push = pushOf({ kind: 'voip', content: { kind: 'none' } });
  assert.deepEqual(await scene.provider.send(push, deviceOf('ab'), 1000), {
    kind: 'payload-rejected',
    reason: 'call-without-ciphertext',
    unsent: true,
  });
  assert.equal(scene.standIn.received.length, 0);
});

test('APNs results - a reason that has no hint of its own gets the common one, whatever its name', async (t) => {
  const { provider } = await apnsScene(t);
  const other = provider.explain?.('a-reason-of-tomorrow');
  assert.equal(typeof other, 'string');
  for (const reason of ['constructor', 'toString', '__proto__']) assert.equal(provider.explain?.(reason), other);
});
