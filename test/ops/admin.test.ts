import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { GuardReport } from '../../src/ops/admin/guard-routes.ts';
import { createOpsListener } from '../../src/ops/listener.ts';
import { adminOf } from './admin.ts';
import { createSecret } from '../support/secret.ts';
import { quietTelemetry } from '../support/telemetry.ts';

const holding: GuardReport = {
  state: 'holding',
  count: 1,
  holds: [
    {
      cause: 'dead-tokens',
      app: 'siskin',
      since: '2026-11-01T00:00:00.000Z',
      seen: 50,
      bad: 50,
      held: 951,
      what: 'all tokens are dead',
      hint: 'look',
    },
  ],
};

async function start(t: TestContext, token?: string) {
  const released: boolean[] = [];
  let report = holding;
  const listener = await createOpsListener({
    host: '127.0.0.1',
    port: 0,
    health: () => Promise.resolve({ status: 'pass', checks: {} }),
    admin: adminOf({
      ...(token !== undefined && { token: createSecret(token) }),
      guard: {
        describe: () => report,
        release({ acceptRemovals }) {
          released.push(acceptRemovals);
          report = { state: 'watching', holds: [], count: 0 };
          return 1;
        },
      },
    }),
    ...quietTelemetry(),
  });
  t.after(() => listener.close());
  const ask = async (path: string, options: RequestInit = {}) => {
    const response = await fetch(`${listener.url}${path}`, options);
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  return { ask, released };
}

const withToken = (token: string) => ({ authorization: `Bearer ${token}` });
const post = (body: string) => ({
  method: 'POST',
  headers: { ...withToken('right'), 'content-type': 'application/json' },
  body,
});

test('admin - without a token in the config the API is off and says how to turn it on', async (t) => {
  const { ask, released } = await start(t);
  for (const options of [{}, { headers: withToken('') }, { headers: withToken('right') }]) {
    const { status, body } = await ask('/guard', options);
    assert.equal(status, 403);
    assert.match(JSON.stringify(body), /admin\.token/);
  }
  assert.equal((await ask('/guard/release', post('{}'))).status, 403);
  assert.deepEqual(released, []);
});

test('admin - a wrong token is 401 and changes nothing', async (t) => {
  const { ask, released } = await start(t, 'right');
  for (const authorization of ['', 'Bearer', 'Bearer wrong', 'Bearer right right', 'Basic right', 'right']) {
    const { status, headers } = await ask('/guard', { headers: { authorization } });
    assert.deepEqual([status, headers.get('www-authenticate')], [401, 'Bearer'], authorization);
    const options = { method: 'POST', headers: { authorization } };
    assert.equal((await ask('/guard/release', options)).status, 401);
  }
  assert.deepEqual(released, []);
});

test('admin - the guard is described and released', async (t) => {
  const { ask, released } = await start(t, 'right');
  const described = await ask('/guard', { headers: withToken('right') });
  assert.deepEqual([described.status, described.body], [200, holding]);
  const answered = await ask('/guard/release', post('{"acceptRemovals":true}'));
  assert.deepEqual([answered.status, answered.body], [200, { released: 1, state: 'watching', holds: [], count: 0 }]);
  assert.deepEqual(released, [true]);
});

test('admin - no removal is accepted unless the request says so', async (t) => {
  const { ask, released } = await start(t, 'right');
  await ask('/guard/release', post('{}'));
  await ask('/guard/release', { method: 'POST', headers: withToken('right') });
  assert.deepEqual(released, [false, false]);
  for (const body of [
    '{"acceptRemovals":"yes"}',
    '{"acceptRemoval":true}',
    '{"believe":true}',
    '[]',
    '{',
    'x'.repeat(20_000),
  ]) {
    const { status } = await ask('/guard/release', post(body));
    assert.ok(status === 400 || status === 413, `${body.slice(0, 20)}: ${status}`);
  }
  assert.equal(released.length, 2);
});
