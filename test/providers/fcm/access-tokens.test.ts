import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../../src/time/clock.ts';
import { createServiceAccount } from '../../../src/harness/stand-ins/certificates.ts';
import { type AccessToken, createAccessTokens } from '../../../src/providers/fcm/access-tokens.ts';
import { createFcm } from '../../../src/providers/fcm/client.ts';
import { eventually } from '../../support/process.ts';
import { manualClock } from '../../support/clock.ts';
import { quietTelemetry, recordedLog } from '../../support/telemetry.ts';
import { deviceOf, fcmScene, fcmToken, pushOf, valuesOf } from '../fixtures.ts';

const hourMs = 3_600_000;
const delivered = { kind: 'accepted' };

/** Tokens from a source that answers each request as told. */
function setUp() {
  const clock = manualClock();
  let asked = 0;
  let answer: () => Promise<AccessToken> = () => Promise.resolve({ token: `token-${asked}`, lifeMs: hourMs });
  const tokens = createAccessTokens({
    fetchToken() {
      asked += 1;
      return answer();
    },
    app: 'messenger',
    clock,
    random: () => 0.999,
    log: quietTelemetry().log,
  });
  return { clock, asked: () => asked, tokens, answerWith: (next: typeof answer) => (answer = next) };
}

const refusal = () => Promise.reject(Object.assign(new Error('invalid_grant'), { response: { status: 400 } }));
const outage = () => Promise.reject(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));

test('access token - simultaneous callers cause one request', async () => {
  const { asked, tokens } = setUp();
  const all = await Promise.all(Array.from({ length: 50 }, async () => tokens.current()));
  assert.deepEqual(new Set(all), new Set(['token-1']));
  assert.equal(tokens.current(), 'token-1');
  assert.equal(asked(), 1);
});

test('access token - it is renewed before its end, while the old one is still used', async () => {
  const { clock, asked, tokens } = setUp();
  await tokens.current();
  clock.advance(hourMs - 290_001);
  assert.equal(tokens.current(), 'token-1');
  assert.equal(asked(), 1);
  clock.advance(1);
  for (let count = 0; count < 10; count += 1) assert.equal(tokens.current(), 'token-1');
  assert.equal(asked(), 2);
  await Promise.resolve();
  await new Promise(setImmediate);
  assert.equal(tokens.current(), 'token-2');
});

test('access token - with a short life its last quarter is for the renewal', async () => {
  const { clock, asked, tokens, answerWith } = setUp();
  answerWith(() => Promise.resolve({ token: 'short', lifeMs: 60_000 }));
  await tokens.current();
  clock.advance(44_999);
  tokens.current();
  assert.equal(asked(), 1);
  clock.advance(1);
  tokens.current();
  assert.equal(asked(), 2);
});

test('access token - while renewals fail the old one is used to its end, with pauses between attempts', async () => {
  const { clock, asked, tokens, answerWith } = setUp();
  await tokens.current();
  answerWith(outage);
  clock.advance(hourMs - 290_000);
  for (let second = 0; second < 289; second += 1) {
    assert.equal(tokens.current(), 'token-1');
    await new Promise(setImmediate);
    clock.advance(1000);
  }
  // 2, 4, 8, 16, 32 s and then a minute each, with the largest random numbers.
  assert.equal(asked() > 5 && asked() < 12, true, String(asked()));
  clock.advance(1000);
  assert.deepEqual(await tokens.current(), { refused: false });
  answerWith(() => Promise.resolve({ token: 'again', lifeMs: hourMs }));
  clock.advance(60_000);
  assert.equal(await tokens.current(), 'again');
});

test('access token - a refusal by Google is repeated only after a pause', async () => {
  const { clock, asked, tokens, answerWith } = setUp();
  answerWith(refusal);
  assert.deepEqual(await tokens.current(), { refused: true });
  for (let count = 0; count < 100; count += 1) assert.deepEqual(tokens.current(), { refused: true });
  assert.equal(asked(), 1);
  clock.advance(2000);
  assert.deepEqual(await tokens.current(), { refused: true });
  assert.equal(asked(), 2);
});

test('access token - only 400 to 499 are a refusal, and of those neither a time-out nor too many requests', async () => {
  for (const [status, refused] of [
    [400, true],
    [401, true],
    [403, true],
    [408, false],
    [429, false],
    [500, false],
    [503, false],
  ] as const) {
    const { tokens, answerWith } = setUp();
    answerWith(() => Promise.reject(Object.assign(new Error('no'), { response: { status } })));
    assert.deepEqual(await tokens.current(), { refused }, String(status));
  }
});

test('access token - what takes ten seconds is given up, and whoever asks is told by the signal', async () => {
  const clock = manualClock();
  let given: AbortSignal | undefined;
  const tokens = createAccessTokens({
    fetchToken(signal) {
      given = signal;
      return new Promise(() => {});
    },
    app: 'messenger',
    clock,
    random: () => 0.5,
    log: quietTelemetry().log,
  });
  const token = tokens.current();
  clock.advance(9_999);
  assert.equal(given?.aborted, false);
  clock.advance(1);
  assert.deepEqual(await token, { refused: false });
  assert.equal(given?.aborted, true);
});

test('access token - pauses begin anew after a token was had', async () => {
  const { clock, asked, tokens, answerWith } = setUp();
  const outageOf = async (attempts: number) => {
    answerWith(outage);
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      clock.advance(60_000);
      await tokens.current();
    }
  };
  await outageOf(6);
  answerWith(() => Promise.resolve({ token: 'short', lifeMs: 1_000 }));
  clock.advance(60_000);
  assert.equal(await tokens.current(), 'short');
  await outageOf(1);
  const before = asked();
  clock.advance(1_997);
  assert.deepEqual(await tokens.current(), { refused: false });
  assert.equal(asked(), before);
  clock.advance(1);
  await tokens.current();
  assert.equal(asked(), before + 1);
});

test('access token - a silent OAuth server is given up after ten seconds', async () => {
  const { clock, tokens, answerWith } = setUp();
  answerWith(() => new Promise(() => {}));
  const waiting = tokens.current();
  clock.advance(10_000);
  assert.deepEqual(await waiting, { refused: false });
});

test('access token - one that FCM refused is not used again, and several refusals in a row cause a pause', async () => {
  const { asked, tokens } = setUp();
  await tokens.current();
  tokens.discard('token-1');
  tokens.discard('token-1');
  assert.equal(await tokens.current(), 'token-2');
  tokens.discard('token-2');
  assert.deepEqual(tokens.current(), { refused: true });
  assert.equal(asked(), 2);
});

test('access token - a token that FCM accepts resets the count', async () => {
  const { tokens } = setUp();
  for (let round = 1; round < 10; round += 1) {
    assert.equal(await tokens.current(), `token-${round}`);
    tokens.confirm();
    tokens.discard(`token-${round}`);
  }
});

test('FCM client - a revoked access token is replaced at once and the push delivered', async (t) => {
  const scene = await fcmScene(t);
  assert.deepEqual(await scene.send(), delivered);
  scene.standIn.revokeTokens();
  assert.deepEqual(await scene.send(), delivered);
  assert.equal(scene.standIn.tokensIssued, 2);
  assert.deepEqual(await valuesOf(scene.metrics.attempts), { '200 -': 2, '401 UNAUTHENTICATED': 1 });
});

test('FCM client - tokens that are revoked one after the other, each after it was accepted, are all replaced', async (t) => {
  const scene = await fcmScene(t);
  for (let round = 1; round <= 4; round += 1) {
    assert.deepEqual(await scene.send(), delivered);
    assert.equal(scene.standIn.tokensIssued, round);
    scene.standIn.revokeTokens();
  }
});

test('FCM client - a burst on a revoked token requests one new token', async (t) => {
  const scene = await fcmScene(t);
  assert.deepEqual(await scene.send(), delivered);
  scene.standIn.revokeTokens();
  const outcomes = await Promise.all(Array.from({ length: 30 }, () => scene.send()));
  assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['accepted']));
  assert.equal(scene.standIn.tokensIssued, 2);
});

test('FCM client - if FCM refuses every token the result is misconfigured, without a storm of token requests', async (t) => {
  const scene = await fcmScene(t);
  const body = '{"error":{"code":401,"status":"UNAUTHENTICATED"}}';
  scene.standIn.script('*', { status: 401, body });
  for (let count = 0; count < 20; count += 1) assert.equal((await scene.send()).kind, 'misconfigured');
  assert.equal(scene.standIn.tokensIssued <= 2, true);
});

test('FCM client - a failing OAuth server gives retry, one that refuses the account misconfigured', async (t) => {
  const troubled = await fcmScene(t);
  troubled.standIn.scriptTokens({ fault: 'reset' });
  assert.deepEqual(await troubled.send(), { kind: 'retry', reason: 'oauth-unavailable', scope: 'app' });
  const refused = await fcmScene(t);
  refused.standIn.scriptTokens({ status: 400, error: 'invalid_grant' });
  assert.deepEqual(await refused.send(), { kind: 'misconfigured', reason: 'oauth-refused', scope: 'app' });
  assert.equal(refused.standIn.received.length, 0);
});

test('FCM client - a silent OAuth server delays a push no longer than its deadline', async (t) => {
  const scene = await fcmScene(t, { deadlineMs: 300 });
  scene.standIn.scriptTokens({ fault: 'hang' });
  assert.deepEqual(await scene.send(), { kind: 'retry', reason: 'oauth-timeout', scope: 'app' });
});

test('FCM client - hurry ends a push that waits for a token, and one that waits for FCM', async (t) => {
  const scene = await fcmScene(t, { clock: manualClock() });
  scene.standIn.scriptTokens({ fault: 'hang', times: 1 });
  const withoutToken = scene.send();
  scene.provider.hurry();
  assert.deepEqual(await withoutToken, { kind: 'retry', reason: 'oauth-timeout', scope: 'app' });

  const hanging = await fcmScene(t, { clock: manualClock() });
  hanging.standIn.script('*', { fault: 'hang', times: 1 });
  const seen = hanging.standIn.waitFor(() => true, 20_000);
  const underWay = hanging.send();
  await seen;
  hanging.provider.hurry();
  assert.deepEqual(await underWay, { kind: 'retry', reason: 'timeout', scope: 'app' });
});

test('FCM client - an OAuth server that hung once is asked again, and the push delivered', async (t) => {
  const clock = manualClock();
  const scene = await fcmScene(t, { clock });
  scene.standIn.scriptTokens({ fault: 'hang', times: 1 });
  const first = scene.send();
  await eventually('the request for a token is under way', () => scene.standIn.tokensAsked > 0 || undefined);
  clock.advance(10_000);
  assert.deepEqual(await first, { kind: 'retry', reason: 'oauth-unavailable', scope: 'app' });
  clock.advance(2_000);
  assert.deepEqual(await scene.send(), { kind: 'accepted' });
});

test('FCM client - after a service account of somebody else the right file is used without a restart', async (t) => {
  const scene = await fcmScene(t);
  const { serviceAccountFile } = scene.app;
  const replaceBy = async (text: string) => {
    writeFileSync(serviceAccountFile, text);
    await scene.provider.checkCredentials?.();
  };
  const right = readFileSync(serviceAccountFile, 'utf8');
  assert.deepEqual(await scene.send(), delivered);
  await replaceBy('not json');
  assert.match(scene.provider.concern?.reason ?? '', /service-account.json is not JSON; the earlier one stays in use/);
  scene.standIn.revokeTokens();
  assert.deepEqual(await scene.send(), delivered);
  await replaceBy((await createServiceAccount('example')).json);
  assert.equal(scene.provider.concern, undefined);
  assert.deepEqual(await scene.send(), { kind: 'misconfigured', reason: 'oauth-refused', scope: 'app' });
  await replaceBy(right);
  assert.deepEqual(await scene.send(), delivered);
});

test('FCM client - the file decides the project, even if it is replaced', async (t) => {
  const scene = await fcmScene(t);
  const { serviceAccountFile } = scene.app;
  const right = readFileSync(serviceAccountFile, 'utf8');
  writeFileSync(serviceAccountFile, right.replace('"project_id":"example"', '"project_id":"another"'));
  await scene.provider.checkCredentials?.();
  assert.deepEqual(await scene.send(), { kind: 'misconfigured', reason: 'PERMISSION_DENIED', scope: 'app' });
  writeFileSync(serviceAccountFile, right);
  await scene.provider.checkCredentials?.();
  assert.deepEqual(await scene.send(), delivered);
});

test('FCM client - successes of one project do not make doubtful results of another believed', async (t) => {
  const scene = await fcmScene(t);
  const { serviceAccountFile } = scene.app;
  scene.standIn.script('stranger:token', { reason: 'SENDER_ID_MISMATCH' });
  assert.deepEqual(await scene.send(), delivered);
  assert.equal((await scene.send('stranger:token')).kind, 'dead-token');
  writeFileSync(serviceAccountFile, `${readFileSync(serviceAccountFile, 'utf8')}\n`);
  await scene.provider.checkCredentials?.();
  assert.equal((await scene.send('stranger:token')).kind, 'misconfigured');
});

test('FCM client - what was under way with the account before makes no word about tokens believable either', async (t) => {
  const scene = await fcmScene(t);
  const { serviceAccountFile } = scene.app;
  scene.standIn.script('stranger:token', { reason: 'SENDER_ID_MISMATCH' });
  assert.deepEqual(await scene.send(), delivered);
  scene.standIn.script('slow:token', { delayMs: 300 });
  const slow = scene.send('slow:token');
  writeFileSync(serviceAccountFile, `${readFileSync(serviceAccountFile, 'utf8')}\n`);
  await scene.provider.checkCredentials?.();
  assert.deepEqual(await slow, delivered);
  assert.equal((await scene.send('stranger:token')).kind, 'misconfigured');
  assert.deepEqual(await scene.send(), delivered);
  assert.equal((await scene.send('stranger:token')).kind, 'dead-token');
});

test('FCM client - without a usable file the app is misconfigured until the file is right', async (t) => {
  const { app, folder, standIn } = await fcmScene(t);
  const serviceAccountFile = join(folder, 'later.json');
  const { lines, log } = recordedLog();
  const provider = createFcm({
    app: { ...app, serviceAccountFile },
    clock: systemClock,
    random: Math.random,
    log,
    metrics: quietTelemetry().metrics,
  });
  t.after(() => provider.drain());
  const send = () => provider.send(pushOf(), deviceOf(fcmToken), 30_000);
  assert.deepEqual(await send(), { kind: 'misconfigured', reason: 'unusable-account', scope: 'app' });
  await provider.checkCredentials?.();
  assert.match(provider.concern?.reason ?? '', /later.json cannot be read \(ENOENT\); nothing can be sent/);
  assert.equal(lines.length, 1);
  writeFileSync(serviceAccountFile, readFileSync(app.serviceAccountFile));
  await provider.checkCredentials?.();
  assert.deepEqual(await send(), delivered);
  assert.equal(standIn.received.length, 1);
});

test('FCM client - only the notice of the underlying library is kept off standard error', async (t) => {
  const warned = t.mock.method(console, 'warn', () => {});
  const scene = await fcmScene(t);
  assert.deepEqual(await scene.send(), delivered);
  assert.deepEqual(
    warned.mock.calls.map(({ arguments: [text] }) => text as unknown),
    [],
  );
  console.warn('something else');
  assert.equal(warned.mock.callCount(), 1);
});
