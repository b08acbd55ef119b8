import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type ClientHttp2Session } from 'node:http2';
import { after, before, test } from 'node:test';
import { importPKCS8, SignJWT } from 'jose';
import { type ApnsStandIn, createApnsStandIn } from '../../../src/harness/stand-ins/apns.ts';
import { type ApnsKey, createApnsKey, createAuthority } from '../../../src/harness/stand-ins/certificates.ts';
import { type ManualClock, manualClock, soon, turnsUntil } from '../../support/clock.ts';

const token = 'ab'.repeat(32);
const foreign = 'cd'.repeat(32);
const ofOtherApp = 'ef'.repeat(32);
const alert = '{"aps":{"alert":{"body":"New message!"}}}';
const background = '{"aps":{"content-available":1}}';

let clock: ManualClock;
let key: ApnsKey;
let apns: ApnsStandIn;
let session: ClientHttp2Session;
// One for all: a second within 20 minutes would be refused, as the real one does.
let authorization: string;

before(async () => {
  clock = manualClock();
  key = await createApnsKey();
  apns = await createApnsStandIn({
    keys: [{ keyId: 'ABC1234567', teamId: 'TEAM123456', publicKey: key.publicKey }],
    topics: ['org.example.messenger'],
    isForeignToken: (candidate) => candidate === foreign,
    topicOf: (candidate) => (candidate === ofOtherApp ? 'org.example.other' : undefined),
    clock,
  });
  session = connect(apns.origin, { ca: apns.ca });
  authorization = await sign();
});

after(async () => {
  session.close();
  await apns.close();
});

async function sign(claims: { kid?: string; iss?: string; iat?: number; key?: string } = {}): Promise<string> {
  const jwt = await new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid: claims.kid ?? 'ABC1234567' })
    .setIssuer(claims.iss ?? 'TEAM123456')
    .setIssuedAt(claims.iat ?? Math.floor(clock.now() / 1000))
    .sign(await importPKCS8(claims.key ?? key.privateKey, 'ES256'));
  return `bearer ${jwt}`;
}

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

/** Header `undefined`: without it. */
function post(
  headers: Record<string, string | undefined>,
  body: string,
  { path = `/3/device/${token}`, method = 'POST', over = session } = {},
): Promise<Answer> {
  const wanted: Record<string, string | undefined> = {
    ':path': path,
    ':method': method,
    'apns-topic': 'org.example.messenger',
    'apns-push-type': 'alert',
    'apns-priority': '10',
    ...headers,
  };
  const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
  return new Promise((resolve, reject) => {
    const stream = over.request(given, { endStream: false });
    let text = '';
    let answer: Record<string, unknown> = {};
    stream.on('response', (response) => (answer = response));
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    stream.on('end', () => resolve({ status: Number(answer[':status']), headers: answer, body: text }));
    stream.on('error', reject);
    stream.end(body);
  });
}

test('APNs stand-in - a correct alert is accepted, its id returned and the push remembered', async () => {
  const id = 'eabeae54-14a8-11e5-b60b-1697f925ec7b';
  const answer = await post({ authorization, 'apns-id': id, 'apns-expiration': '0' }, alert);
  assert.equal(answer.status, 200);
  assert.equal(answer.body, '');
  assert.equal(answer.headers['apns-id'], id);
  const push = await apns.waitFor((candidate) => candidate.headers['apns-id'] === id, 1000);
  assert.equal(push.token, token);
  assert.equal(push.status, 200);
  assert.equal(push.bytes, alert.length);
  assert.deepEqual(push.body, { aps: { alert: { body: 'New message!' } } });
});

const rows: [
  string,
  number,
  string,
  Record<string, string | undefined>,
  string,
  { path?: string; method?: string }?,
][] = [
  ['a PUT', 405, 'MethodNotAllowed', {}, alert, { method: 'PUT' }],
  ['another path', 404, 'BadPath', {}, alert, { path: '/4/device/ab' }],
  ['no device token', 400, 'MissingDeviceToken', {}, alert, { path: '/3/device/' }],
  ['a token that is not hex', 400, 'BadDeviceToken', {}, alert, { path: `/3/device/${'xy'.repeat(32)}` }],
  ['a token of the other environment', 400, 'BadDeviceToken', {}, alert, { path: `/3/device/${foreign}` }],
  ['a token of another app', 400, 'DeviceTokenNotForTopic', {}, alert, { path: `/3/device/${ofOtherApp}` }],
  ['no topic', 400, 'MissingTopic', { 'apns-topic': undefined }, alert],
  ['a topic that is none', 400, 'BadTopic', { 'apns-topic': 'messenger' }, alert],
  ["somebody else's topic", 400, 'TopicDisallowed', { 'apns-topic': 'org.example.other' }, alert],
  ['the VoIP topic for an alert', 400, 'BadTopic', { 'apns-topic': 'org.example.messenger.voip' }, alert],
  ['a VoIP push without its topic', 400, 'BadTopic', { 'apns-push-type': 'voip' }, alert],
  ['an unknown push type', 400, 'InvalidPushType', { 'apns-push-type': 'chat' }, alert],
  ['an alert that shows nothing', 400, 'InvalidPushType', {}, background],
  ['a background push of priority 10', 400, 'BadPriority', { 'apns-push-type': 'background' }, background],
  [
    'a background push that shows something',
    400,
    'InvalidPushType',
    { 'apns-push-type': 'background', 'apns-priority': '5' },
    alert,
  ],
  ['priority 7', 400, 'BadPriority', { 'apns-priority': '7' }, alert],
  ['an id that is no UUID', 400, 'BadMessageId', { 'apns-id': '17' }, alert],
  ['a fractional expiration', 400, 'BadExpirationDate', { 'apns-expiration': '1.5' }, alert],
  ['a collapse id of 65 bytes', 400, 'BadCollapseId', { 'apns-collapse-id': 'x'.repeat(65) }, alert],
  ['an empty payload', 400, 'PayloadEmpty', {}, ''],
  ['a payload without aps', 400, 'PayloadEmpty', {}, '{}'],
  ['4097 bytes', 413, 'PayloadTooLarge', {}, alert.replace('New', 'N'.repeat(4097 - alert.length + 3))],
];
for (const [what, status, reason, headers, body, target] of rows)
  test(`APNs stand-in - ${what}: ${status} ${reason}`, async () => {
    const answer = await post({ authorization, ...headers }, body, target);
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [status, { reason }]);
  });

test('APNs stand-in - 4096 bytes, and 5120 for VoIP, are accepted', async () => {
  const ordinary = alert.replace('New', 'N'.repeat(4096 - alert.length + 3));
  assert.equal((await post({ authorization }, ordinary)).status, 200);
  const voip = { authorization, 'apns-topic': 'org.example.messenger.voip', 'apns-push-type': 'voip' };
  const call = `{"aps":{},"encrypted":"${'x'.repeat(5120 - 25)}"}`;
  assert.equal(Buffer.byteLength(call), 5120);
  assert.equal((await post(voip, call)).status, 200);
  assert.equal((await post(voip, call.replace('x', 'xx'))).status, 413);
});

test('APNs stand-in - provider tokens: missing, malformed, foreign key, wrong team, expired, from the future', async () => {
  const other = await createApnsKey();
  const seconds = Math.floor(clock.now() / 1000);
  const cases: [string | undefined, string][] = [
    [undefined, 'MissingProviderToken'],
    ['bearer x', 'InvalidProviderToken'],
    ['basic YTpi', 'InvalidProviderToken'],
    [await sign({ key: other.privateKey }), 'InvalidProviderToken'],
    [await sign({ kid: 'ZZZ1234567' }), 'InvalidProviderToken'],
    [await sign({ iss: 'TEAM999999' }), 'InvalidProviderToken'],
    [await sign({ iat: seconds - 3601 }), 'ExpiredProviderToken'],
    [await sign({ iat: seconds + 120 }), 'InvalidProviderToken'],
  ];
  for (const [given, reason] of cases) {
    const answer = await post({ authorization: given }, alert);
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [403, { reason }]);
  }
});

test('APNs stand-in - two tokens within 20 minutes on one connection are too many', async () => {
  const over = connect(apns.origin, { ca: apns.ca });
  assert.equal((await post({ authorization: await sign() }, alert, { over })).status, 200);
  clock.advance(19 * 60_000);
  const early = await post({ authorization: await sign() }, alert, { over });
  assert.deepEqual([early.status, early.body], [429, '{"reason":"TooManyProviderTokenUpdates"}']);
  clock.advance(60_000);
  assert.equal((await post({ authorization: await sign() }, alert, { over })).status, 200);
  over.close();
});

test('APNs stand-in - a client certificate of its authority stands for a token', async () => {
  const { certificate, key: privateKey } = await apns.authority.issue(['client']);
  const over = connect(apns.origin, { ca: apns.ca, cert: certificate, key: privateKey });
  assert.equal((await post({ 'apns-topic': undefined }, alert, { over })).status, 200);
  over.close();
  const stranger = await (await createAuthority()).issue(['client']);
  const strange = connect(apns.origin, { ca: apns.ca, cert: stranger.certificate, key: stranger.key });
  assert.equal((await post({}, alert, { over: strange })).status, 403);
  strange.close();
});

test('APNs stand-in - one stream until a connection brought a valid token', async () => {
  const strict = await createApnsStandIn({
    keys: [{ keyId: 'ABC1234567', teamId: 'TEAM123456', publicKey: key.publicKey }],
    topics: ['org.example.messenger'],
    clock,
    oneStreamUntilToken: true,
    maxStreams: 500,
  });
  const over = connect(strict.origin, { ca: strict.ca });
  over.on('error', () => {});
  const settings: (number | undefined)[] = [];
  over.on('remoteSettings', (remote) => settings.push(remote.maxConcurrentStreams));
  const changed = new Promise((resolve) =>
    over.on('remoteSettings', () => settings.length === 2 && resolve(undefined)),
  );
  assert.equal((await post({ authorization: await sign() }, alert, { over })).status, 200);
  await soon('other settings', changed);
  assert.deepEqual(settings, [1, 500]);
  over.close();
  await strict.close();
});

test('APNs stand-in - a script answers in place of the checks, as often as it says', async () => {
  apns.script(token, {
    status: 410,
    reason: 'Unregistered',
    timestampMs: 1_700_000_000_000,
    retryAfter: '7',
    times: 1,
  });
  const gone = await post({ authorization }, alert);
  assert.equal(gone.status, 410);
  assert.equal(gone.headers['retry-after'], '7');
  assert.equal(gone.body, '{"reason":"Unregistered","timestamp":1700000000000}');
  assert.equal((await post({ authorization }, alert)).status, 200);
});

const endings: [fault: 'cancel' | 'reset' | 'cut', status: number | undefined, body: string, connection: string][] = [
  ['cancel', undefined, '', 'open'],
  ['reset', undefined, '', 'ended'],
  ['cut', 410, '{"reason":', 'ended'],
];
for (const [fault, status, body, connection] of endings) {
  test(`APNs stand-in - ${fault}: what came of the answer, and the connection is ${connection} afterwards`, async (t) => {
    const over = connect(apns.origin, { ca: apns.ca });
    t.after(() => over.destroy());
    over.on('error', () => {});
    await post({ authorization }, alert, { over });
    apns.script(token, { fault, times: 1 });
    const stream = over.request({ ':method': 'POST', ':path': `/3/device/${token}`, authorization });
    let came = '';
    let answered: unknown;
    stream.on('error', () => {});
    stream.on('response', (headers) => (answered = headers[':status']));
    stream.setEncoding('utf8').on('data', (chunk: string) => (came += chunk));
    stream.end(alert);
    await soon('the end of the stream', once(stream, 'close'));
    assert.deepEqual([answered, came], [status, body]);
    // CANCEL of RFC 9113 section 7.
    if (fault === 'cancel') assert.equal(stream.rstCode, 8);
    if (connection === 'open') assert.equal((await post({ authorization }, alert, { over })).status, 200);
    else await turnsUntil('the connection ends', () => over.destroyed);
  });
}

test('APNs stand-in - GOAWAY with a last stream id below the request leaves it unprocessed', async () => {
  const over = connect(apns.origin, { ca: apns.ca });
  over.on('error', () => {});
  await post({ authorization }, alert, { over });
  const goaway = new Promise<number>((resolve) => over.on('goaway', (_code, lastStreamId) => resolve(lastStreamId)));
  apns.script(foreign, { fault: 'goaway-unprocessed', times: 1 });
  void post({ authorization }, alert, { over, path: `/3/device/${foreign}` }).catch(() => {});
  assert.equal(await soon('GOAWAY', goaway), 1);
  over.destroy();
});

test('APNs stand-in - only the latest pushes are remembered', async () => {
  const small = await createApnsStandIn({ topics: ['org.example.messenger'], receivedLimit: 20 });
  const over = connect(small.origin, { ca: small.ca });
  for (let index = 0; index < 50; index += 1) await post({ 'apns-collapse-id': String(index) }, alert, { over });
  assert.equal(small.received.length <= 20, true);
  assert.equal(small.received.at(-1)?.headers['apns-collapse-id'], '49');
  await assert.rejects(
    small.waitFor(() => false, 5),
    /no such push within 5 ms/,
  );
  over.close();
  await small.close();
});

test('APNs stand-in - a body that it does not read holds the sender up in its middle', async () => {
  const slow = await createApnsStandIn({ topics: ['org.example.messenger'], clock, streamWindow: 16 });
  const over = connect(slow.origin, { ca: slow.ca });
  await post({}, alert, { over });
  slow.script(token, { readAfterMs: 500, times: 1 });
  const waiting = clock.waiting;
  const stream = over.request({ ':method': 'POST', ':path': `/3/device/${token}` });
  let isSent = false;
  stream.end(alert, () => (isSent = true));
  const status = new Promise((resolve) => stream.on('response', (headers) => resolve(headers[':status'])));
  await turnsUntil('it waits', () => clock.waiting > waiting);
  // Another one on the same connection is not held up, so this one had its chance.
  await post({}, alert, { over, path: `/3/device/${foreign}` });
  assert.equal(isSent, false);
  clock.advance(500);
  assert.equal(await soon('the answer', status), 403);
  assert.equal(isSent, true);
  over.close();
  await slow.close();
});

test('APNs stand-in - a schedule applies by the minute to tokens without a script of their own', async () => {
  apns.schedule([{ minutes: 1, mix: [{ share: 1, script: { status: 503, reason: 'Shutdown' } }] }, { minutes: 1 }]);
  apns.script(foreign, { status: 500, reason: 'InternalServerError' });
  assert.equal((await post({ authorization }, alert)).status, 503);
  assert.equal((await post({ authorization }, alert, { path: `/3/device/${foreign}` })).status, 500);
  clock.advance(60_000);
  assert.equal((await post({ authorization }, alert)).status, 200);
  apns.script(foreign, undefined);
  apns.schedule([]);
});

test('APNs stand-in - a closed port refuses, and opens again where it was', async () => {
  const closing = await createApnsStandIn({ topics: ['org.example.messenger'] });
  const first = connect(closing.origin, { ca: closing.ca });
  first.on('error', () => {});
  await post({}, alert, { over: first });
  assert.equal(closing.openConnections, 1);
  await closing.closePort();
  assert.equal(closing.openConnections, 0);
  const refused = connect(closing.origin, { ca: closing.ca });
  const [error] = (await soon('the refusal', once(refused, 'error'))) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
  await closing.openPort();
  const second = connect(closing.origin, { ca: closing.ca });
  assert.equal((await post({}, alert, { over: second })).status, 403);
  second.close();
  await closing.close();
});
