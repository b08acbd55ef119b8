import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GuardState, Hold } from '../../src/guard/contract.ts';
import { assembleHealth, type HealthSources } from '../../src/ops/health.ts';

type AppSenderView = HealthSources['appSenders'] extends ReadonlyMap<string, infer View> ? View : never;

const online = { domain: 'push.example.org', status: { kind: 'online' } };
const watching: GuardState = { kind: 'watching' };
const hold: Hold = {
  ...{
    cause: 'dead-tokens',
    app: 'siskin',
    target: 'first',
    sinceMs: 0,
    seen: 60,
    bad: 50,
    held: 9,
    othersFareWell: false,
  },
};
const calls: Hold = { ...hold, target: 'second' };
const appSenderOf = (over: Partial<AppSenderView> = {}): AppSenderView => ({
  state: { kind: 'working' },
  circuit: { kind: 'closed' },
  hintFor: (reason) => `what to do about ${reason}`,
  provider: {},
  ...over,
});

/** Health where everything is well, except what is given. */
const healthOf = (over: Partial<HealthSources> = {}) =>
  assembleHealth({
    links: [online],
    registry: { ping: () => Promise.resolve() },
    outbox: { state: { kind: 'working' } },
    guard: { state: watching },
    orphans: { counts: new Map() },
    appSenders: new Map([['siskin', appSenderOf()]]),
    watched: { clock: { concern: undefined } },
    ...over,
  });

const allWell = {
  'link:push.example.org': { status: 'pass' },
  store: { status: 'pass' },
  outbox: { status: 'pass' },
  guard: { status: 'pass' },
  'app:siskin': { status: 'pass' },
};

test('health - where all is well every part passes, and so does the whole', async () => {
  assert.deepEqual(await healthOf(), { status: 'pass', checks: allWell });
});

test('health - a store that does not answer is a failure of the whole, with what to look at', async () => {
  const error = Object.assign(new Error('/home/romeo/sealpost.db'), { code: 'ERR_SQLITE_ERROR' });
  assert.deepEqual(await healthOf({ registry: { ping: () => Promise.reject(error) } }), {
    status: 'fail',
    checks: {
      ...allWell,
      store: {
        status: 'fail',
        reason: 'the store does not answer (ERR_SQLITE_ERROR)',
        hint: 'check the file system of the store: space, permissions, mounts',
      },
    },
  });
});

test('health - a store that does not answer says what its checks found', async () => {
  const fault = { reason: 'damaged', hint: 'put a backup in its place' };
  const registry = { ping: () => Promise.reject(new Error('malformed')), fault };
  assert.deepEqual((await healthOf({ registry })).checks['store'], {
    status: 'fail',
    reason: 'the store does not answer (damaged)',
    hint: 'put a backup in its place',
  });
});

const linkHint = 'check that the XMPP server runs, that service, domain and secret are as in its config, and its log';
const down = (domain: string, kind: string, reason?: string) => ({
  domain,
  status: { kind, ...(reason !== undefined && { reason }) },
});

for (const [kind, reason, told] of [
  ['connecting', undefined, 'connecting'],
  ['waiting', 'refused', 'waiting: refused'],
  ['draining', undefined, 'draining'],
  ['closed', undefined, 'closed'],
] as const) {
  test(`health - the only link is ${kind}: a failure of the link and of the whole`, async () => {
    assert.deepEqual(await healthOf({ links: [down('push.example.org', kind, reason)] }), {
      status: 'fail',
      checks: { ...allWell, 'link:push.example.org': { status: 'fail', reason: told, hint: linkHint } },
    });
  });
}

test('health - a link says what to do about the very reason for which it is down', async () => {
  const status = { kind: 'waiting', reason: 'not-authorized', hint: 'put the same secret into both configs' };
  const { checks } = await healthOf({ links: [{ domain: 'push.example.org', status }] });
  assert.deepEqual(checks['link:push.example.org'], {
    status: 'fail',
    reason: 'waiting: not-authorized',
    hint: 'put the same secret into both configs',
  });
});

test('health - of several links one that is up is enough to work, and the others are a reason to look', async () => {
  const links = [down('push.example.com', 'waiting', 'refused'), online, down('push.example.org', 'connecting')];
  const { status, checks } = await healthOf({ links });
  assert.equal(status, 'warn');
  assert.deepEqual(
    Object.entries(checks).flatMap(([name, check]) => (name.startsWith('link:') ? [[name, check.status]] : [])),
    [
      ['link:push.example.com', 'fail'],
      ['link:push.example.org', 'pass'],
      ['link:push.example.org#2', 'fail'],
    ],
  );
});

test('health - all of several links are down: a failure of the whole', async () => {
  const links = [down('push.example.com', 'waiting', 'refused'), down('push.example.org', 'connecting')];
  assert.equal((await healthOf({ links })).status, 'fail');
});

test('health - an outbox that stores nothing is a reason to look', async () => {
  assert.deepEqual(await healthOf({ outbox: { state: { kind: 'failing', reason: 'disk-full' } } }), {
    status: 'warn',
    checks: {
      ...allWell,
      outbox: {
        status: 'warn',
        reason: 'pushes cannot be queued (disk-full)',
        hint: 'check the file system of the store; until then servers are told to keep their registrations and try again',
      },
    },
  });
});

test('health - what the guard holds fails it, but not the whole: notifications go on', async () => {
  const { status, checks } = await healthOf({ guard: { state: { kind: 'holding', holds: [hold, calls] } } });
  assert.equal(status, 'warn');
  const { reason = '', hint = '', ...rest } = checks['guard'] ?? {};
  assert.deepEqual(rest, { status: 'fail' });
  assert.match(
    reason,
    /^the provider of siskin calls 50 of the latest 60 device tokens dead; the provider of siskin calls 50 of the latest 60 call/,
  );
  assert.match(hint, /^are topic, environment, key and project of siskin /);
});

test('health - a hold of the new devices of one domain is a reason to look, while others fare well', async () => {
  const ofDomain: Hold = { ...hold, cause: 'dead-new-tokens', domain: 'example.net', othersFareWell: true };
  const statusOf = async (...holds: Hold[]) =>
    (await healthOf({ guard: { state: { kind: 'holding', holds } } })).checks['guard']?.status;
  assert.equal(await statusOf(ofDomain, ofDomain), 'warn');
  assert.equal(await statusOf(ofDomain, { ...ofDomain, othersFareWell: false }), 'fail');
  assert.equal(await statusOf({ ...ofDomain, cause: 'dead-tokens' }), 'fail');
});

test('health - registrations of an app that left the config are a reason to look, twenty such apps are named', async () => {
  const counts = new Map(Array.from({ length: 25 }, (_, i) => [`former-${i}`, i + 1] as const));
  const { status, checks } = await healthOf({ orphans: { counts } });
  assert.equal(status, 'warn');
  assert.deepEqual(checks['app:former-4'], {
    status: 'warn',
    reason: '5 registrations, but not in the config',
    hint: 'put the app back into the config; the registrations are kept meanwhile',
  });
  assert.equal(Object.keys(checks).filter((name) => name.startsWith('app:former-')).length, 20);
});

test('health - an app whose pushes fail says how many and when it tries again', async () => {
  const failing = appSenderOf({
    state: { kind: 'failing', reason: 'ServiceUnavailable', failures: 12 },
    circuit: { kind: 'open', reason: 'ServiceUnavailable', remainingMs: 4_001, remainingForCallMs: 0 },
  });
  assert.deepEqual(await healthOf({ appSenders: new Map([['siskin', failing]]) }), {
    status: 'warn',
    checks: {
      ...allWell,
      'app:siskin': {
        status: 'warn',
        reason: '12 pushes in a row failed, the last with ServiceUnavailable; next probe in 5 s',
        hint: 'what to do about ServiceUnavailable',
      },
    },
  });
});

test('health - an app whose provider refuses us says what to do, beside what its provider is concerned about', async () => {
  const refused = appSenderOf({
    state: { kind: 'misconfigured', reason: 'BadTopic' },
    provider: { concern: { reason: 'the certificate ends in 3 days', hint: 'renew it' } },
  });
  const { status, checks } = await healthOf({ appSenders: new Map([['siskin', refused]]) });
  assert.equal(status, 'warn');
  assert.deepEqual(checks['app:siskin'], {
    status: 'warn',
    reason: 'the provider refuses us: BadTopic; the certificate ends in 3 days',
    hint: 'what to do about BadTopic; renew it',
  });
});

test('health - what a provider is concerned about is a reason to look although pushes arrive', async () => {
  const concerned = appSenderOf({
    provider: { concern: { reason: 'the certificate ends in 3 days', hint: 'renew it' } },
  });
  const { status, checks } = await healthOf({ appSenders: new Map([['siskin', concerned]]) });
  assert.equal(status, 'warn');
  assert.deepEqual(checks['app:siskin'], {
    status: 'warn',
    reason: 'the certificate ends in 3 days',
    hint: 'renew it',
  });
});
