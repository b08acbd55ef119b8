import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { nameDeviceByToken } from '../../src/conventions/v1.ts';
import { apnsAppOf } from '../support/registrations.ts';
import { apnsToken, startPublic } from './world.ts';

async function start(t: TestContext, over: Parameters<typeof startPublic>[1] = {}) {
  const world = await startPublic(t, over);
  const send = async (path: string, body?: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${world.url}/push_appserver/v1/${path}`, {
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      ...(body !== undefined && { method: 'POST', body }),
    });
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };
  const lines = async (path: string, body: string) => (await send(path, body)).text.split('\n');
  return { ...world, send, linesOf: lines };
}

const id = '6b9a1c2e-4f0d-4b57-9a37-0d2a1f6c8e11';
const monal = `type=apns&node=${id}&token=${apnsToken}`;

test('form API - a device is registered and gets its node and secret', async (t) => {
  const { send, registry } = await start(t);
  const { status, type, text } = await send('register', monal);
  assert.deepEqual([status, type], [200, 'text/plain; charset=utf-8']);
  const [word, node = '', secret, ...rest] = text.split('\n');
  assert.deepEqual([word, rest], ['OK', []]);
  assert.match(node, /^A[Q-Za-f][\w-]{40,248}$/);
  assert.match(secret ?? '', /^[\w-]{32}$/);
  const stored = await registry.find(node);
  assert.deepEqual(
    [stored?.app, stored?.convention, stored?.account, stored?.token, stored?.secret],
    ['siskin', 'v1', '', apnsToken, secret],
  );
});

test('form API - the type picks the app', async (t) => {
  const { linesOf, registry } = await start(t);
  const [, node = ''] = await linesOf('register', 'type=fcm&node=a&token=fcmInst%3AAPA91b');
  const stored = await registry.find(node);
  assert.deepEqual([stored?.app, stored?.token], ['android', 'fcmInst:APA91b']);
});

test('form API - of two apps with one provider, the host of the request picks one', async (t) => {
  const app = apnsAppOf({ conventions: ['v1'] });
  const here = { ...app, name: 'here', ids: ['127.0.0.1'] };
  const { linesOf, registry } = await start(t, { v1: [app, here] });
  const [, node = ''] = await linesOf('register', monal);
  assert.equal((await registry.find(node))?.app, 'here');
});

test('form API - if nothing tells two apps apart, none is used', async (t) => {
  const app = apnsAppOf({ conventions: ['v1'] });
  const { send } = await start(t, { v1: [app, { ...app, name: 'another' }] });
  assert.equal((await send('register', monal)).status, 400);
});

test('form API - the same id and token get the same answer again, and so does the node of that answer', async (t) => {
  const { send, linesOf, registry } = await start(t);
  const first = await send('register', monal);
  assert.equal((await send('register', monal.replace(apnsToken, apnsToken.toUpperCase()))).text, first.text);
  const node = first.text.split('\n')[1] ?? '';
  assert.equal((await send('register', `type=apns&node=${node}&token=${apnsToken}`)).text, first.text);
  assert.deepEqual(await registry.count(), new Map([['siskin', 1]]));
  assert.equal((await linesOf('register', monal))[1], node);
});

test('form API - whoever knows only an id or a node gets no other secret and changes nothing', async (t) => {
  const { linesOf, registry } = await start(t);
  const [, node = '', secret = ''] = await linesOf('register', monal);
  const before = await registry.find(node);
  const stranger = 'ee'.repeat(32);
  for (const known of [id, id.toUpperCase(), node, nameDeviceByToken(id, apnsToken).slice(id.length + 1)]) {
    for (const token of [stranger, `${apnsToken}00`]) {
      const answer = await linesOf('register', `type=apns&node=${known}&token=${token}`);
      assert.notEqual(answer[1], node);
      assert.ok(!answer.includes(secret));
    }
    if (known === node) continue;
    for (const rest of ['', '&token=', `&token=${'dd'.repeat(32)}`, `&secret=${secret}`]) {
      const left = await linesOf('unregister', `type=apns&node=${known}${rest}`);
      assert.deepEqual(left, ['ERROR', 'Node not found!']);
    }
    assert.deepEqual(await linesOf('push', `node=${known}&secret=${stranger}`), ['ERROR', 'Unknown node or secret']);
  }
  assert.deepEqual(await registry.find(node), before);
  assert.deepEqual((await linesOf('register', monal)).slice(1), [node, secret]);
});

test('form API - a device is unregistered by the node of the answer, or by its id and token', async (t) => {
  const { linesOf, registry } = await start(t);
  const [, node = '', secret = ''] = await linesOf('register', monal);
  assert.deepEqual(await linesOf('unregister', `type=apns&node=${node}`), ['OK', node, secret]);
  assert.deepEqual(await linesOf('unregister', `type=apns&node=${node}`), ['ERROR', 'Node not found!']);
  assert.equal(await registry.wasRemoved(node), true);
  const [, again = '', renewed = ''] = await linesOf('register', monal);
  // What the device has stored is valid again.
  assert.deepEqual([again, renewed], [node, secret]);
  assert.deepEqual(await linesOf('unregister', monal), ['OK', again, renewed]);
});

test('form API - a registration of another convention or type is not found', async (t) => {
  const { linesOf, registry } = await start(t);
  const common = { account: 'romeo@example.net', device: 'a', token: apnsToken, withSecret: true };
  const p2 = await registry.register({ ...common, app: 'android', convention: 'p2' });
  assert.deepEqual(await linesOf('unregister', `type=fcm&node=${p2.node}`), ['ERROR', 'Node not found!']);
  assert.equal((await linesOf('push', `node=${p2.node}&secret=${p2.secret}`))[0], 'ERROR');
  const [, node = ''] = await linesOf('register', monal);
  assert.deepEqual(await linesOf('unregister', `type=fcm&node=${node}`), ['ERROR', 'Node not found!']);
  assert.ok(await registry.find(node));
});

test('form API - a push with node and secret is delivered', async (t) => {
  const { linesOf, notifications } = await start(t);
  const [, node = '', secret = ''] = await linesOf('register', monal);
  assert.deepEqual(await linesOf('push', `node=${node}&secret=${secret}`), ['OK', node]);
  assert.deepEqual(notifications, [{ node, publisher: 'localhost', content: { kind: 'summary' }, secret }]);
  assert.deepEqual(await linesOf('push', `node=${node}&secret=${secret}x`), ['ERROR', 'Unknown node or secret']);
  assert.deepEqual(await linesOf('push', `node=unknown&secret=${secret}`), ['ERROR', 'Unknown node or secret']);
  assert.equal(notifications.length, 1);
});

test('form API - a push to a registration with an account is published as its server', async (t) => {
  const { linesOf, registry, notifications } = await start(t);
  const common = { account: 'romeo@example.net', device: 'a', token: apnsToken, withSecret: true };
  const { node, secret } = await registry.register({ ...common, app: 'siskin', convention: 'v1' });
  assert.deepEqual(await linesOf('push', `node=${node}&secret=${secret}`), ['OK', node]);
  assert.equal(notifications[0]?.publisher, 'example.net');
});

test('form API - a push that is not accepted is an error', async (t) => {
  const { linesOf } = await start(t, { answer: 'item-not-found' });
  const [, node = '', secret = ''] = await linesOf('register', monal);
  assert.deepEqual(await linesOf('push', `node=${node}&secret=${secret}`), ['ERROR', 'item-not-found']);
});

test('form API - an imported device keeps node and secret', async (t) => {
  const { linesOf, registry } = await start(t);
  await registry.importRegistrations([
    {
      app: 'siskin',
      convention: 'v1',
      account: '',
      device: nameDeviceByToken(id, apnsToken),
      token: apnsToken,
      node: id,
      secret: 'c0ffee',
      registeredAtMs: 0,
    },
  ]);
  assert.deepEqual(await linesOf('register', monal), ['OK', id, 'c0ffee']);
  const stranger = await linesOf('register', `type=apns&node=${id}&token=${'ee'.repeat(32)}`);
  assert.ok(stranger[1] !== id && stranger[2] !== 'c0ffee');
});

const wrong: readonly [string, string, string][] = [
  ['no type', 'register', `node=${id}&token=${apnsToken}`],
  ['an unknown type', 'register', `type=wns&node=${id}&token=${apnsToken}`],
  ['no node', 'register', `type=apns&token=${apnsToken}`],
  ['no token', 'register', `type=apns&node=${id}`],
  ['a token of another provider', 'register', `type=apns&node=${id}&token=fcmInst%3Ax`],
  ['a control character in the node', 'register', `type=apns&node=a%00b&token=${apnsToken}`],
  ['a space in the node', 'register', `type=apns&node=a+b&token=${apnsToken}`],
  ['a huge node', 'register', `type=apns&node=${'x'.repeat(256)}&token=${apnsToken}`],
  ['a field twice', 'register', `${monal}&token=${'ee'.repeat(32)}`],
  ['an empty body', 'register', ''],
  ['JSON', 'register', '{"type":"apns"}'],
  ['4097 bytes', 'register', monal.padEnd(4_097, '&')],
  ['no node', 'unregister', 'type=apns'],
  ['no type', 'unregister', `node=${id}`],
  ['no secret', 'push', `node=${id}`],
  ['no node', 'push', 'secret=a'],
];

for (const [what, path, body] of wrong) {
  test(`form API - ${what} is a bad request to ${path}`, async (t) => {
    const { send, registry, lines } = await start(t);
    const { status, text } = await send(path, body);
    assert.equal(status, 400);
    assert.match(text, /^ERROR\n/);
    assert.doesNotMatch(text, /abab|6b9a/);
    assert.equal((await registry.count()).size, 0);
    assert.deepEqual(lines, []);
  });
}

test('form API - 4096 bytes are accepted, whatever the header says', async (t) => {
  const { send } = await start(t);
  const { status } = await send('register', monal.padEnd(4_096, '&'), { 'content-type': 'text/plain' });
  assert.equal(status, 200);
});

test('form API - health says that it is running, settings are forbidden', async (t) => {
  const { send } = await start(t);
  const health = await send('health');
  assert.deepEqual([health.status, health.type], [200, 'text/html; charset=utf-8']);
  assert.match(health.text, /RUNNING/);
  assert.equal((await send('settings')).status, 403);
  assert.equal((await send(`settings/${id}`)).status, 403);
});

test('form API - without an app of the convention there is no API', async (t) => {
  const { send } = await start(t, { v1: [apnsAppOf()] });
  assert.equal((await send('health')).status, 404);
  assert.equal((await send('register', monal)).status, 404);
});

test('form API - 1,000 registrations from one address become 30', async (t) => {
  const { send, registry, clock } = await start(t);
  const answers = new Map<number, number>();
  for (let i = 0; i < 1_000; i += 100) {
    const many = Array.from({ length: 100 }, (_, j) => send('register', monal.replace(id, `device-${i + j}`)));
    for (const { status } of await Promise.all(many)) answers.set(status, (answers.get(status) ?? 0) + 1);
  }
  assert.deepEqual(Object.fromEntries(answers), { 200: 30, 429: 970 });
  assert.deepEqual(await registry.count(), new Map([['siskin', 30]]));
  clock.advance(1_000);
  assert.equal((await send('register', monal)).status, 200);
});

test('form API - a failing store is reported without details', async (t) => {
  const failing = () => ({ find: () => Promise.reject(new Error('disk full')) });
  const { send, lines } = await start(t, { failing });
  const { status, text } = await send('register', monal);
  assert.deepEqual([status, text], [503, 'ERROR\nTry again later']);
  assert.match(lines.join(''), /cannot answer a request to the form API/);
  assert.doesNotMatch(lines.join(''), /disk full|6b9a/);
});
