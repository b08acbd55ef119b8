import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fcmTable, readReason, resultOfAnswer } from '../../../src/providers/fcm/results.ts';
import type { RowResult } from '../../../src/providers/results.ts';
import type { PushResult } from '../../../src/core/push.ts';
import { manualClock } from '../../support/clock.ts';
import { fcmScene, fcmToken, valuesOf } from '../fixtures.ts';

const fcmErrorType = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';

/** Google's page "FCM error codes", with the result of each for a device's first push. */
const codes: [number, string, PushResult][] = [
  [400, 'INVALID_ARGUMENT', { kind: 'payload-rejected', reason: 'INVALID_ARGUMENT' }],
  [404, 'UNREGISTERED', { kind: 'dead-token', reason: 'UNREGISTERED' }],
  [403, 'SENDER_ID_MISMATCH', { kind: 'misconfigured', reason: 'SENDER_ID_MISMATCH', scope: 'unclear' }],
  [429, 'QUOTA_EXCEEDED', { kind: 'retry', reason: 'QUOTA_EXCEEDED', afterMs: 60_000, scope: 'unclear' }],
  [503, 'UNAVAILABLE', { kind: 'retry', reason: 'UNAVAILABLE', scope: 'app' }],
  [500, 'INTERNAL', { kind: 'retry', reason: 'INTERNAL', scope: 'app' }],
  [401, 'THIRD_PARTY_AUTH_ERROR', { kind: 'misconfigured', reason: 'THIRD_PARTY_AUTH_ERROR', scope: 'device' }],
  [500, 'UNSPECIFIED_ERROR', { kind: 'retry', reason: 'UNSPECIFIED_ERROR', scope: 'app' }],
];

/** Answers without an `FcmError`: by the canonical status. */
const statuses: [number, string, PushResult][] = [
  [400, 'INVALID_ARGUMENT', { kind: 'payload-rejected', reason: 'INVALID_ARGUMENT' }],
  [400, 'FAILED_PRECONDITION', { kind: 'misconfigured', reason: 'FAILED_PRECONDITION', scope: 'app' }],
  [403, 'PERMISSION_DENIED', { kind: 'misconfigured', reason: 'PERMISSION_DENIED', scope: 'app' }],
  // The project does not exist. Taking this for a dead token would remove every registration.
  [404, 'NOT_FOUND', { kind: 'misconfigured', reason: 'NOT_FOUND', scope: 'app' }],
  [429, 'RESOURCE_EXHAUSTED', { kind: 'retry', reason: 'RESOURCE_EXHAUSTED', afterMs: 60_000, scope: 'app' }],
  [500, 'INTERNAL', { kind: 'retry', reason: 'INTERNAL', scope: 'app' }],
  [503, 'UNAVAILABLE', { kind: 'retry', reason: 'UNAVAILABLE', scope: 'app' }],
  [504, 'DEADLINE_EXCEEDED', { kind: 'retry', reason: 'DEADLINE_EXCEEDED', scope: 'app' }],
];

test('FCM results - every row of the table, from the wire to the outcome', async (t) => {
  const scene = await fcmScene(t);
  for (const [status, reason, outcome] of codes) {
    scene.standIn.script(fcmToken, { status, reason, times: 1 });
    assert.deepEqual(await scene.send(), outcome, reason);
  }
  for (const [status, canonical, outcome] of statuses) {
    const body = JSON.stringify({ error: { code: status, status: canonical, message: 'UNREGISTERED' } });
    scene.standIn.script(fcmToken, { status, body, times: 1 });
    assert.deepEqual(await scene.send(), outcome, canonical);
  }
  assert.deepEqual(await valuesOf(scene.metrics.attempts), {
    '400 INVALID_ARGUMENT': 2,
    '404 UNREGISTERED': 1,
    '403 SENDER_ID_MISMATCH': 1,
    '429 QUOTA_EXCEEDED': 1,
    '503 UNAVAILABLE': 2,
    '500 INTERNAL': 2,
    '401 THIRD_PARTY_AUTH_ERROR': 1,
    '500 UNSPECIFIED_ERROR': 1,
    '400 FAILED_PRECONDITION': 1,
    '403 PERMISSION_DENIED': 1,
    '404 NOT_FOUND': 1,
    '429 RESOURCE_EXHAUSTED': 1,
    '504 DEADLINE_EXCEEDED': 1,
  });
});

test('FCM results - the table has no row beyond those, success and 401, which is tested with the tokens', () => {
  const listed = new Set([
    ...codes.map(([status, reason]) => `errorCode ${status} ${reason}`),
    ...statuses.map(([status, reason]) => `status ${status} ${reason}`),
  ]);
  const rest = fcmTable.filter(({ source, status, reason }) => !listed.has(`${source} ${status} ${reason}`));
  assert.deepEqual(rest, [
    { status: 200, source: 'none', reason: '-', result: 'accepted', scope: 'device' },
    { status: 401, source: 'status', reason: 'UNAUTHENTICATED', result: 'renew-credential', scope: 'app' },
  ]);
});

const bodies: [string, unknown, { errorCode?: string; status?: string }][] = [
  [
    'the FcmError behind types that nobody knows',
    {
      error: {
        status: 'NOT_FOUND',
        details: [
          { '@type': 'type.googleapis.com/google.rpc.Help', errorCode: 'QUOTA_EXCEEDED' },
          { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [] },
          { '@type': fcmErrorType, errorCode: 'UNREGISTERED' },
        ],
      },
    },
    { errorCode: 'UNREGISTERED', status: 'NOT_FOUND' },
  ],
  ['no details', { error: { status: 'NOT_FOUND' } }, { status: 'NOT_FOUND' }],
  ['empty details', { error: { status: 'NOT_FOUND', details: [] } }, { status: 'NOT_FOUND' }],
  [
    'details that are no list',
    { error: { status: 'NOT_FOUND', details: { errorCode: 'X' } } },
    { status: 'NOT_FOUND' },
  ],
  ['details of null', { error: { status: 'X', details: [null, 7, 'x'] } }, { status: 'X' }],
  ['an errorCode that is no string', { error: { details: [{ '@type': fcmErrorType, errorCode: 7 }] } }, {}],
  ['an error that is a string', { error: 'invalid_grant' }, {}],
  ['a list', [], {}],
  ['null', null, {}],
];
for (const [what, body, reason] of bodies)
  test(`FCM results - reads ${what}`, () => assert.deepEqual(readReason(JSON.stringify(body)), reason));

test('FCM results - empty, broken and HTML bodies give no reason', () => {
  for (const body of ['', '{', '<html>502</html>']) assert.deepEqual(readReason(body), {});
});

const unknown: [number, { errorCode?: string; status?: string }, RowResult, string][] = [
  [204, {}, 'accepted', '-'],
  [302, {}, 'misconfigured', '-'],
  [400, {}, 'payload-rejected', '-'],
  [401, {}, 'renew-credential', '-'],
  [403, { status: 'BRAND_NEW' }, 'misconfigured', 'other'],
  [404, {}, 'misconfigured', '-'],
  [404, { errorCode: 'BRAND_NEW', status: 'NOT_FOUND' }, 'misconfigured', 'other'],
  [408, {}, 'retry', '-'],
  [413, {}, 'payload-rejected', '-'],
  [429, {}, 'retry', '-'],
  [500, { errorCode: 'BRAND_NEW' }, 'retry', 'other'],
  [502, {}, 'retry', '-'],
  // A dead token has a 4xx status; a failing server may answer anything.
  [500, { errorCode: 'UNREGISTERED' }, 'retry', 'other'],
  [400, { errorCode: 'UNREGISTERED' }, 'dead-token', 'UNREGISTERED'],
];
for (const [status, reason, result, word] of unknown)
  test(`FCM results - ${status} ${JSON.stringify(reason)} means ${result}`, () => {
    const row = resultOfAnswer(status, reason);
    assert.deepEqual([row.result, row.reason], [result, word]);
  });

test('FCM results - a token of another sender is gone once others were accepted within the hour', async (t) => {
  const scene = await fcmScene(t);
  const stranger = 'stranger:APA91bExample';
  scene.standIn.script(stranger, { reason: 'SENDER_ID_MISMATCH' });
  assert.deepEqual(await scene.send(stranger), {
    kind: 'misconfigured',
    reason: 'SENDER_ID_MISMATCH',
    scope: 'unclear',
  });
  assert.equal((await scene.send()).kind, 'accepted');
  assert.deepEqual(await scene.send(stranger), { kind: 'dead-token', reason: 'SENDER_ID_MISMATCH', doubtful: true });
});

test('FCM results - what was accepted more than an hour ago makes no token of another sender gone', async (t) => {
  const clock = manualClock();
  const scene = await fcmScene(t, { clock });
  scene.standIn.script('stranger:token', { reason: 'SENDER_ID_MISMATCH' });
  assert.equal((await scene.send()).kind, 'accepted');
  clock.advance(3_600_000);
  assert.equal((await scene.send('stranger:token')).kind, 'dead-token');
  clock.advance(1);
  assert.deepEqual(await scene.send('stranger:token'), {
    kind: 'misconfigured',
    reason: 'SENDER_ID_MISMATCH',
    scope: 'unclear',
  });
});

test('FCM results - what cannot be composed is refused without a request, and says so', async (t) => {
  const scene = await fcmScene(t);
  assert.deepEqual(await scene.send(fcmToken, { account: 'r'.repeat(4_000) }), {
    kind: 'payload-rejected',
    reason: 'payload-too-large',
    unsent: true,
  });
  assert.equal(scene.standIn.received.length, 0);
});

test('FCM results - Retry-After in seconds and as a date takes precedence over our own pause', async (t) => {
  const scene = await fcmScene(t);
  scene.standIn.script(fcmToken, { reason: 'QUOTA_EXCEEDED', retryAfter: '7', times: 1 });
  assert.deepEqual(await scene.send(), { kind: 'retry', reason: 'QUOTA_EXCEEDED', afterMs: 7000, scope: 'unclear' });
  scene.standIn.script(fcmToken, { reason: 'UNAVAILABLE', retryAfter: new Date(Date.now() + 3_600_000).toUTCString() });
  const outcome = await scene.send();
  assert.equal(
    outcome.kind === 'retry' && (outcome.afterMs ?? 0) > 3_000_000 && (outcome.afterMs ?? 0) <= 3_600_000,
    true,
  );
});
