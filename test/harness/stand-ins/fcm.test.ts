import assert from 'node:assert/strict';
import { Agent, request } from 'node:https';
import { after, before, test } from 'node:test';
import { importPKCS8, SignJWT } from 'jose';
import { createServiceAccount, type ServiceAccount } from '../../../src/harness/stand-ins/certificates.ts';
import { createFcmStandIn, type FcmStandIn } from '../../../src/harness/stand-ins/fcm.ts';
import { type ManualClock, manualClock } from '../../support/clock.ts';

const path = '/v1/projects/example/messages:send';
const token = 'fcmInst:APA91bExample';
let account: ServiceAccount;
let clock: ManualClock;
let fcm: FcmStandIn;
let agent: Agent;
let authorization: string;

before(async () => {
  account = await createServiceAccount('example');
  clock = manualClock();
  fcm = await createFcmStandIn({ account, clock });
  agent = new Agent({ keepAlive: true, ca: fcm.ca });
  authorization = `Bearer ${(JSON.parse((await askToken()).body) as { access_token: string }).access_token}`;
});

after(async () => {
  agent.destroy();
  await fcm.close();
});

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

function post(target: string, headers: Record<string, string>, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(fcm.origin + target, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function askToken(key?: string): Promise<Answer> {
  const { private_key: own } = JSON.parse(account.json) as { private_key: string };
  const seconds = Math.floor(clock.now() / 1000);
  const assertion = await new SignJWT({ scope: 'https://www.googleapis.com/auth/firebase.messaging' })
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(account.clientEmail)
    .setAudience('https://oauth2.googleapis.com/token')
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + 3600)
    .sign(await importPKCS8(key ?? own, 'RS256'));
  const form = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
  return post('/token', { 'content-type': 'application/x-www-form-urlencoded' }, form.toString());
}

const send = (message: unknown) => post(path, { authorization }, JSON.stringify({ message }));
const fcmErrorType = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';

test('FCM stand-in - the OAuth endpoint gives a token for a good assertion and none for a forged one', async () => {
  const good = JSON.parse((await askToken()).body) as Record<string, unknown>;
  assert.deepEqual(Object.keys(good), ['access_token', 'expires_in', 'token_type']);
  const forged = await askToken(
    (JSON.parse((await createServiceAccount('example')).json) as { private_key: string }).private_key,
  );
  assert.deepEqual([forged.status, (JSON.parse(forged.body) as { error: string }).error], [400, 'invalid_grant']);
});

test('FCM stand-in - a data message is accepted and remembered', async () => {
  const answer = await send({
    token,
    data: { account: 'romeo@example.net' },
    android: { priority: 'high', ttl: '60s' },
  });
  assert.equal(answer.status, 200);
  assert.match((JSON.parse(answer.body) as { name: string }).name, /^projects\/example\/messages\/./);
  assert.deepEqual(fcm.received.at(-1)?.body, {
    message: { token, data: { account: 'romeo@example.net' }, android: { priority: 'high', ttl: '60s' } },
  });
});

test('FCM stand-in - no, revoked and expired access tokens: 401 UNAUTHENTICATED without an FcmError', async () => {
  const none = await post(path, {}, '{}');
  assert.equal(none.status, 401);
  assert.deepEqual(JSON.parse(none.body), {
    error: { code: 401, status: 'UNAUTHENTICATED', message: 'Request had invalid authentication credentials.' },
  });
  const short = `Bearer ${(JSON.parse((await askToken()).body) as { access_token: string }).access_token}`;
  const body = JSON.stringify({ message: { token } });
  assert.equal((await post(path, { authorization: short }, body)).status, 200);
  clock.advance(3599_000);
  assert.equal((await post(path, { authorization: short }, body)).status, 401);
  authorization = `Bearer ${(JSON.parse((await askToken()).body) as { access_token: string }).access_token}`;
});

test('FCM stand-in - another project: 403 PERMISSION_DENIED without an FcmError', async () => {
  const answer = await post(
    path.replace('example', 'other'),
    { authorization },
    JSON.stringify({ message: { token } }),
  );
  const { error } = JSON.parse(answer.body) as { error: Record<string, unknown> };
  assert.deepEqual([answer.status, error['status'], error['details']], [403, 'PERMISSION_DENIED', undefined]);
});

const invalid: [string, unknown][] = [
  ['no token', { data: {} }],
  ['a token that is none', { token: 'x y' }],
  ['a number in data', { token, data: { 'unread-messages': 1 } }],
  ['a reserved key', { token, data: { from: 'romeo' } }],
  ['a reserved prefix', { token, data: { 'google.x': 'romeo' } }],
  ['an unknown field', { token, content_available: true }],
  ['an unknown priority', { token, android: { priority: 'urgent' } }],
  ['a ttl that is a number', { token, android: { ttl: 60 } }],
  ['a ttl of five weeks', { token, android: { ttl: '3024000s' } }],
  ['4052 bytes of data', { token, data: { a: 'x'.repeat(4051) } }],
];
for (const [what, message] of invalid)
  test(`FCM stand-in - ${what}: 400 INVALID_ARGUMENT`, async () => {
    const answer = await send(message);
    const { error } = JSON.parse(answer.body) as { error: { status: string; details: unknown } };
    assert.deepEqual(
      [answer.status, error.status, error.details],
      [400, 'INVALID_ARGUMENT', [{ '@type': fcmErrorType, errorCode: 'INVALID_ARGUMENT' }]],
    );
  });

test('FCM stand-in - 4051 bytes of data are accepted', async () => {
  assert.equal((await send({ token, data: { a: 'x'.repeat(4050) } })).status, 200);
});

test('FCM stand-in - a scripted errorCode brings its own status and Retry-After', async () => {
  fcm.script(token, { reason: 'QUOTA_EXCEEDED', retryAfter: '30', times: 1 });
  const answer = await send({ token });
  const { error } = JSON.parse(answer.body) as { error: Record<string, unknown> };
  assert.deepEqual([answer.status, answer.headers['retry-after']], [429, '30']);
  assert.deepEqual(error['details'], [{ '@type': fcmErrorType, errorCode: 'QUOTA_EXCEEDED' }]);
  assert.equal((await send({ token })).status, 200);
});

test('FCM stand-in - a body cut in the middle and a reset end the connection', async () => {
  for (const fault of ['cut', 'reset'] as const) {
    fcm.script(token, { fault, times: 1 });
    await assert.rejects(send({ token }), /aborted|socket hang up|ECONNRESET/);
  }
});

test('FCM stand-in - scripted failures of the OAuth endpoint', async () => {
  fcm.scriptTokens({ status: 503, error: 'temporarily_unavailable', times: 1 });
  assert.equal((await askToken()).status, 503);
  assert.equal((await askToken()).status, 200);
});

test('FCM stand-in - schedule, and a port that closes and opens again where it was', async () => {
  const own = await createFcmStandIn({ account, clock });
  const agentOfIts = new Agent({ ca: own.ca });
  const status = () =>
    new Promise<number | string>((resolve) => {
      const outgoing = request(own.origin + path, { method: 'POST', agent: agentOfIts }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      });
      outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      outgoing.end('{}');
    });
  own.schedule([{ minutes: 1, mix: [{ share: 1, script: { reason: 'UNAVAILABLE' } }] }]);
  assert.equal(await status(), 503);
  clock.advance(60_000);
  assert.equal(await status(), 401);
  await own.closePort();
  assert.equal(await status(), 'ECONNREFUSED');
  await own.openPort();
  assert.equal(await status(), 401);
  await own.close();
});
