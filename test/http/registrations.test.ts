import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { apnsToken, startPublic, tokens } from './world.ts';

type Json = Record<string, unknown>;

interface Call {
  readonly method?: string;
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

async function start(t: TestContext, over: Parameters<typeof startPublic>[1] = {}) {
  const world = await startPublic(t, over);
  const call = async (path: string, { method = 'GET', token = tokens.siskin, body, headers = {} }: Call = {}) => {
    const response = await fetch(`${world.url}${path}`, {
      method,
      headers: {
        ...(token !== '' && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = (text === '' ? {} : JSON.parse(text)) as Json;
    return { status: response.status, type: response.headers.get('content-type'), headers: response.headers, json };
  };
  const register = (body: unknown, more: Call = {}) => call('/v1/registrations', { method: 'POST', body, ...more });
  const read = (node: unknown, more: Call = {}) => call(`/v1/registrations/${encodeURIComponent(String(node))}`, more);
  return { ...world, call, register, read };
}

const romeo = { account: 'romeo@example.net', token: apnsToken };

test('registrations - a device is registered, read, listed and removed', async (t) => {
  const { register, read, call, registry, clock } = await start(t);
  const made = await register({ ...romeo, secondToken: 'CD'.repeat(32), device: 'phone-1', secret: true });
  const { node, secret, ...rest } = made.json;
  assert.deepEqual([made.status, made.type], [200, 'application/json; charset=utf-8']);
  assert.match(String(node), /^A[Q-Za-f][\w-]{40,248}$/);
  assert.match(String(secret), /^[\w-]{32}$/);
  const registeredAt = new Date(clock.now()).toISOString();
  assert.deepEqual(rest, { jids: ['push.example.org'], maxPayloadSize: 3072, registeredAt });
  const stored = await registry.find(String(node));
  assert.deepEqual(
    [stored?.app, stored?.convention, stored?.token, stored?.secondToken],
    ['siskin', 'http', apnsToken, 'cd'.repeat(32)],
  );

  const state = {
    node,
    account: 'romeo@example.net',
    device: 'phone-1',
    convention: 'http',
    hasSecret: true,
    hasSecondToken: true,
    registeredAt,
  };
  assert.deepEqual((await read(node)).json, state);
  assert.deepEqual((await call('/v1/registrations?account=ROMEO%40example.net')).json, { registrations: [state] });
  assert.deepEqual((await call('/v1/registrations?account=juliet%40example.net')).json, { registrations: [] });

  assert.equal((await read(node, { method: 'DELETE' })).status, 204);
  assert.equal((await read(node, { method: 'DELETE' })).status, 404);
  assert.equal((await read(node)).status, 404);
  assert.equal(await registry.wasRemoved(String(node)), true);
});

test('registrations - the same device keeps node and secret while its token changes', async (t) => {
  const { register, registry } = await start(t);
  const device = { account: 'romeo@example.net', device: 'Phone', secret: true };
  const first = await register({ ...device, token: apnsToken });
  const second = await register({ ...device, device: 'PHONE', token: 'EF'.repeat(32) });
  assert.deepEqual([second.json['node'], second.json['secret']], [first.json['node'], first.json['secret']]);
  assert.equal((await registry.find(String(first.json['node'])))?.token, 'ef'.repeat(32));
});

test('registrations - without a name the token tells devices apart, and is not shown', async (t) => {
  const { register, read } = await start(t);
  const first = await register(romeo);
  assert.equal((await register({ ...romeo, token: apnsToken.toUpperCase() })).json['node'], first.json['node']);
  assert.notEqual((await register({ ...romeo, token: 'ef'.repeat(32) })).json['node'], first.json['node']);
  const state = await read(first.json['node']);
  assert.ok(!('device' in state.json));
  assert.doesNotMatch(JSON.stringify(state.json), /abab/);
});

test('registrations - an app neither sees nor removes registrations of another', async (t) => {
  const { register, read, call, registry } = await start(t);
  const { json } = await register(romeo);
  for (const method of ['GET', 'DELETE']) {
    const answer = await read(json['node'], { method, token: tokens.android });
    const unknown = await read('unknown', { method, token: tokens.android });
    assert.equal(answer.status, 404);
    assert.deepEqual(answer.json, unknown.json);
  }
  const list = await call('/v1/registrations?account=romeo%40example.net', { token: tokens.android });
  assert.deepEqual(list.json, { registrations: [] });
  assert.ok(await registry.find(String(json['node'])));
});

test('registrations - an app also sees devices registered otherwise, without their secrets', async (t) => {
  const { read, registry } = await start(t);
  const { node } = await registry.register({
    app: 'siskin',
    convention: 'tigase',
    account: 'romeo@example.net',
    device: 'AB12',
    token: 'ab12',
    withSecret: false,
  });
  const { registeredAt: _, ...state } = (await read(node)).json;
  assert.deepEqual(state, {
    node,
    account: 'romeo@example.net',
    convention: 'tigase',
    hasSecret: false,
    hasSecondToken: false,
  });
  const taken = { account: '', device: 'x y', token: 'ab12', registeredAtMs: 0 };
  await registry.importRegistrations([{ ...taken, app: 'siskin', convention: 'v1', node: 'a+/b', secret: 'hush' }]);
  assert.deepEqual((await read('a+/b')).json, {
    node: 'a+/b',
    device: 'x y',
    convention: 'v1',
    hasSecret: true,
    hasSecondToken: false,
  });
});

const strangers: readonly [string, Record<string, string>][] = [
  ['no token', {}],
  ['a wrong token', { authorization: 'Bearer siskin-0123456789-012345678X' }],
  ['the start of a token', { authorization: 'Bearer siskin' }],
  ['an empty token', { authorization: 'Bearer ' }],
  ['two tokens', { authorization: `Bearer ${tokens.siskin} ${tokens.android}` }],
  ['another scheme', { authorization: `Basic ${tokens.siskin}` }],
];

for (const [what, headers] of strangers) {
  test(`registrations - ${what} is unauthorized, whatever is asked`, async (t) => {
    const { register, read, call } = await start(t);
    const answers = [
      await register(romeo, { token: '', headers }),
      await register('{', { token: '', headers }),
      await read('unknown', { token: '', headers }),
      await read('unknown', { method: 'DELETE', token: '', headers }),
      await call('/v1/registrations?account=romeo%40example.net', { token: '', headers }),
    ];
    for (const { status, type, headers: answered, json } of answers) {
      assert.deepEqual([status, type], [401, 'application/problem+json; charset=utf-8']);
      assert.equal(answered.get('www-authenticate'), 'Bearer');
      assert.equal(json['type'], '/v1/problems/unauthorized');
    }
  });
}

const wrongBodies: readonly [string, unknown, string, string?][] = [
  ['no account', { token: apnsToken }, '/account'],
  ['no token', { account: 'romeo@example.net' }, '/token'],
  ['an unknown field', { ...romeo, 'device-token': apnsToken }, ''],
  ['a token that is no text', { ...romeo, token: 7 }, '/token'],
  ['a token of another provider', { ...romeo, token: 'fcmInst:APA91b' }, '/token'],
  ['a huge token', { ...romeo, token: 'ab'.repeat(3_000) }, '/token'],
  ['a second token that is none', { ...romeo, secondToken: 'x' }, '/secondToken'],
  ['a second token for FCM', { ...romeo, token: 'a', secondToken: 'b' }, '/secondToken', tokens.android],
  ['a full JID', { ...romeo, account: 'romeo@example.net/phone' }, '/account'],
  ['a domain', { ...romeo, account: 'example.net' }, '/account'],
  ['two @', { ...romeo, account: 'romeo@juliet@example.net' }, '/account'],
  ['a NUL in the account', { ...romeo, account: 'romeo\0@example.net' }, '/account'],
  ['a line break in the account', { ...romeo, account: 'romeo@example.net\n' }, '/account'],
  ['an invisible character in the account', { ...romeo, account: 'ro\u200bmeo@example.net' }, '/account'],
  ['a reversing character in the account', { ...romeo, account: '\u202eoemor@example.net' }, '/account'],
  ['a Kelvin sign for a k', { ...romeo, account: '\u212aate@example.net' }, '/account'],
  ['full-width letters', { ...romeo, account: 'ｒomeo@example.net' }, '/account'],
  ['a huge account', { ...romeo, account: `${'x'.repeat(2_100)}@example.net` }, '/account'],
  ['control characters in the device', { ...romeo, device: 'a\u0007' }, '/device'],
  ['an empty device', { ...romeo, device: '' }, '/device'],
  ['a secret that is chosen', { ...romeo, secret: 'mine' }, '/secret'],
  ['a number that would be a token as a text', { ...romeo, token: 1234567890123456 }, '/token'],
  ['a list', [romeo], ''],
  ['null', 'null', ''],
];

for (const [what, body, pointer, token = tokens.siskin] of wrongBodies) {
  test(`registrations - ${what} is refused with its place, and nothing is stored`, async (t) => {
    const { register, registry, lines } = await start(t);
    const { status, type, json } = await register(body, { token });
    assert.deepEqual([status, type], [400, 'application/problem+json; charset=utf-8']);
    assert.equal(json['type'], '/v1/problems/invalid-request');
    const errors = json['errors'] as { in: string; pointer: string; detail: string }[];
    assert.deepEqual(
      errors.map((error) => [error.in, error.pointer]),
      [['body', pointer]],
    );
    assert.doesNotMatch(JSON.stringify(json), /romeo|abab|fcmInst|device-token|example/);
    assert.equal((await registry.count()).size, 0);
    assert.deepEqual(lines, []);
  });
}

test('registrations - a body that is not JSON, has no type or is too large has a problem of its own', async (t) => {
  const { register } = await start(t);
  const problemOf = async (body: string, headers: Record<string, string> = {}) => {
    const { status, json } = await register(body, { headers });
    return [status, json['type']];
  };
  assert.deepEqual(await problemOf('{"account":'), [400, '/v1/problems/invalid-request']);
  assert.deepEqual(await problemOf('{"__proto__":{}}'), [400, '/v1/problems/invalid-request']);
  assert.deepEqual(await problemOf('<x/>', { 'content-type': 'text/xml' }), [
    415,
    '/v1/problems/unsupported-media-type',
  ]);
  assert.deepEqual(await problemOf(JSON.stringify(romeo).padEnd(16_385)), [413, '/v1/problems/too-large']);
  assert.deepEqual((await problemOf(JSON.stringify(romeo).padEnd(16_384)))[0], 200);
});

test('registrations - a list needs one account', async (t) => {
  const { call } = await start(t);
  for (const query of ['', '?account=', '?account=x', '?account=a@b&account=c@d', '?account=a@b&limit=1000000']) {
    const { status, json } = await call(`/v1/registrations${query}`);
    assert.deepEqual([status, json['type']], [400, '/v1/problems/invalid-request'], query);
  }
});

test('registrations - a list has at most 100 entries', async (t) => {
  const { call, registry } = await start(t);
  const many = Array.from({ length: 120 }, (_, i) => ({
    app: 'siskin',
    convention: 'http' as const,
    account: 'romeo@example.net',
    device: `device-${i}`,
    token: apnsToken,
    node: `node-${i}`,
    registeredAtMs: i,
  }));
  await registry.importRegistrations(many);
  const { json } = await call('/v1/registrations?account=romeo%40example.net');
  const nodes = (json['registrations'] as Json[]).map(({ node }) => node);
  assert.deepEqual([nodes.length, nodes[0], nodes.at(-1)], [100, 'node-119', 'node-20']);
});

test('registrations - a key repeated with the same body gets the same answer, with another body a problem', async (t) => {
  const { register, registry, clock } = await start(t);
  const headers = { 'idempotency-key': '8e03978e-40d5-43dd-bc93-6894a57f9324' };
  const first = await register(romeo, { headers });
  clock.advance(1_000);
  const second = await register({ token: romeo.token, account: romeo.account }, { headers });
  assert.deepEqual(second.json, first.json);
  const other = await register({ ...romeo, device: 'another' }, { headers });
  assert.deepEqual([other.status, other.json['type']], [422, '/v1/problems/idempotency-key-reused']);
  const stranger = await register({ ...romeo, token: 'fcm' }, { headers, token: tokens.android });
  assert.equal(stranger.status, 200);
  clock.advance(600_000);
  const later = await register(romeo, { headers });
  assert.equal(later.json['node'], first.json['node']);
  assert.notEqual(later.json['registeredAt'], first.json['registeredAt']);
  assert.deepEqual(Object.fromEntries(await registry.count()), { siskin: 1, android: 1 });
});

const removals: readonly [string, (world: Awaited<ReturnType<typeof start>>, node: string) => Promise<unknown>][] = [
  ['DELETE', ({ read }, node) => read(node, { method: 'DELETE' })],
  ['unregistering over XMPP', ({ registry }) => registry.unregister({ ...romeo, app: 'siskin' })],
  [
    'unregistering over HTTP, as phones do it',
    ({ url }) =>
      fetch(`${url}/unregister-device/push.example.org`, {
        method: 'POST',
        body: JSON.stringify({ account: romeo.account, 'device-token': romeo.token }),
      }),
  ],
  [
    'a provider that calls its device token dead',
    ({ registry, clock }, node) => registry.remove(node, clock.now(), 'gone'),
  ],
];

for (const [what, remove] of removals) {
  test(`registrations - a key does not outlive its registration, removed by ${what}`, async (t) => {
    const world = await start(t);
    const { register, read, registry } = world;
    const headers = { 'idempotency-key': 'k' };
    const first = await register(romeo, { headers });
    await remove(world, String(first.json['node']));
    assert.equal(await registry.find(String(first.json['node'])), undefined);
    const replayed = await register(romeo, { headers });
    assert.equal(replayed.status, 200);
    assert.equal((await registry.find(String(first.json['node'])))?.node, replayed.json['node']);
    assert.equal((await read(replayed.json['node'])).status, 200);
    assert.deepEqual((await register(romeo, { headers })).json, replayed.json);
  });
}

test('registrations - a key repeated late does not undo a newer registration of the device', async (t) => {
  const { register, registry, clock } = await start(t);
  const phone = { account: romeo.account, device: 'phone-1' };
  const headers = { 'idempotency-key': 'k' };
  const first = await register({ ...phone, token: apnsToken }, { headers });
  clock.advance(1_000);
  await register({ ...phone, token: 'ef'.repeat(32) });
  assert.deepEqual((await register({ ...phone, token: apnsToken }, { headers })).json, first.json);
  assert.equal((await registry.find(String(first.json['node'])))?.token, 'ef'.repeat(32));
});

test('registrations - whether a secret is wanted is part of the request that a key stands for', async (t) => {
  const { register } = await start(t);
  const headers = { 'idempotency-key': 'k' };
  assert.equal((await register({ ...romeo, secret: false }, { headers })).status, 200);
  assert.equal((await register(romeo, { headers })).status, 200);
  const other = await register({ ...romeo, secret: true }, { headers });
  assert.deepEqual([other.status, other.json['type']], [422, '/v1/problems/idempotency-key-reused']);
});

for (const asked of [{}, { secret: false }]) {
  test(`registrations - ${JSON.stringify(asked)} gets no secret, and publishes need none`, async (t) => {
    const { register, read, registry } = await start(t);
    const { json } = await register({ ...romeo, ...asked });
    assert.deepEqual(Object.keys(json).toSorted(), ['jids', 'maxPayloadSize', 'node', 'registeredAt']);
    assert.equal((await read(json['node'])).json['hasSecret'], false);
    assert.equal((await registry.find(String(json['node'])))?.secret, undefined);
  });
}

test('registrations - simultaneous requests with one key count as one', async (t) => {
  const { register, metrics } = await start(t);
  const headers = { 'idempotency-key': 'k' };
  const answers = await Promise.all(Array.from({ length: 20 }, () => register(romeo, { headers })));
  assert.equal(new Set(answers.map(({ json }) => JSON.stringify(json))).size, 1);
  assert.match(await metrics.registry.metrics(), /sealpost_registrations\{app="siskin"\} 1/);
});

test('registrations - a failing store is reported as unavailable, and a key does not remember that', async (t) => {
  let broken = true;
  const { register, lines } = await start(t, {
    failing: (registry) => ({
      register: (request) =>
        broken ? Promise.reject(new Error('disk full, romeo@example.net')) : registry.register(request),
    }),
  });
  const headers = { 'idempotency-key': 'k' };
  const { status, json, headers: answered } = await register(romeo, { headers });
  assert.deepEqual([status, json['type'], answered.get('retry-after')], [503, '/v1/problems/unavailable', '10']);
  assert.match(lines.join(''), /cannot answer a request to the registration API/);
  assert.doesNotMatch(JSON.stringify(json) + lines.join(''), /romeo|disk/);
  broken = false;
  assert.equal((await register(romeo, { headers })).status, 200);
});

test('registrations - an account has a rate limit, and others are unaffected', async (t) => {
  const { register, registry, clock } = await start(t);
  const statuses = new Map<number, number>();
  for (let i = 0; i < 400; i++) {
    const { status } = await register({
      ...romeo,
      account: i % 2 ? 'romeo@EXAMPLE.net' : romeo.account,
      device: `d${i}`,
    });
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  assert.deepEqual(Object.fromEntries(statuses), { 200: 30, 429: 370 });
  assert.deepEqual(await registry.count(), new Map([['siskin', 30]]));
  const juliet = await register({ ...romeo, account: 'juliet@example.net' });
  assert.equal(juliet.status, 200);
  clock.advance(1_000);
  assert.equal((await register(romeo)).status, 200);
});

test('registrations - each app has a rate limit of its own', async (t) => {
  const { read } = await start(t);
  const statuses = new Set<number>();
  for (let i = 0; i < 1_000; i++) statuses.add((await read('unknown')).status);
  assert.deepEqual([...statuses], [404]);
  const limited = await read('unknown');
  assert.deepEqual([limited.status, limited.headers.get('retry-after')], [429, '1']);
  assert.equal((await read('unknown', { token: tokens.android })).status, 404);
});

test('registrations - callers without a valid token are limited, apps are not', async (t) => {
  const { read } = await start(t);
  const statuses: number[] = [];
  for (let i = 0; i < 31; i++) statuses.push((await read('unknown', { token: `guess-${i}` })).status);
  assert.deepEqual([statuses[29], statuses[30]], [401, 429]);
  assert.equal((await read('unknown')).status, 404);
});

test('registrations - unknown paths and methods below /v1 are problems too', async (t) => {
  const { call } = await start(t);
  for (const [path, method] of [
    ['/v1', 'GET'],
    ['/v1/nothing', 'GET'],
    ['/v1/registrations', 'DELETE'],
    ['/v1/registrations/a', 'POST'],
    ['/v1/problems/nothing', 'GET'],
  ] as const) {
    const { status, json } = await call(path, { method });
    assert.deepEqual([status, json['type']], [404, '/v1/problems/no-such-path'], path);
  }
});

test('registrations - without an app that has a token there is no API', async (t) => {
  const { call } = await start(t, { apps: [] });
  assert.deepEqual((await call('/v1/openapi.json')).json, { error: 'not found' });
});

test('registrations - requests are counted by app, operation and status', async (t) => {
  const { register, call, metrics } = await start(t);
  await register(romeo);
  await call('/v1/registrations/x', { token: '' });
  const text = await metrics.registry.metrics();
  assert.match(text, /sealpost_api_requests_total\{app="siskin",operation="register",answer="200"\} 1/);
  assert.match(text, /sealpost_api_requests_total\{app="-",operation="read",answer="401"\} 1/);
});

test('registrations - one that is removed by somebody else at the same time is no longer there to remove', async (t) => {
  const { register, read } = await start(t, { failing: () => ({ remove: () => Promise.resolve(false) }) });
  const { json } = await register(romeo);
  assert.equal((await read(String(json['node']), { method: 'DELETE' })).status, 404);
});
