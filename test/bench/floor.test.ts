import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composePush as composeApns } from '../../src/providers/apns/payload.ts';
import type { Push } from '../../src/core/push.ts';
import { composePush as composeFcm } from '../../src/providers/fcm/payload.ts';
import { composeLike, describeDifference } from './floor-payload.ts';
import type { PushRequest } from './protocol.ts';

const content = { kind: 'sealed', ciphertext: 'QUJD'.repeat(300), iv: 'AAAAAAAAAAAAAAAA' } as const;
const push: Push = {
  ...{
    id: '0B5E0A45-6DE8-4E0A-9A3B-7A0C6F3A0001',
    app: 'siskin',
    node: 'n',
    kind: 'alert',
    account: 'romeo@example.net',
  },
  ...{ content, expiresAtMs: 1_800_000_000_000 },
};
const ours = { token: 'ab'.repeat(32), account: push.account, ciphertext: content.ciphertext, iv: content.iv };

/** What the server sends, as a stand-in sees it. */
function fromServer(provider: 'apns' | 'fcm'): PushRequest {
  if (provider === 'fcm') {
    const composed = composeFcm(push, ours.token, {}, 1_700_000_000_000);
    assert.equal(composed.kind, 'request');
    const body = composed.kind === 'request' ? composed.body.toString() : '';
    return { path: '/v1/projects/p/messages:send', headers: { authorization: 'Bearer t' }, body };
  }
  const composed = composeApns(push, { topic: 'org.example.app', alert: {}, call: {} });
  assert.equal(composed.kind, 'request');
  if (composed.kind !== 'request') throw new Error('unreachable');
  return {
    path: `/3/device/${ours.token}`,
    headers: { ...composed.headers, authorization: 'bearer t' },
    body: composed.body.toString(),
  };
}

for (const provider of ['apns', 'fcm'] as const) {
  test(`bench - the floor sends the bytes that the server sends to ${provider}`, () => {
    const server = fromServer(provider);
    const floor = composeLike(provider, server)(ours);
    assert.deepEqual(JSON.parse(floor.body), JSON.parse(server.body));
    assert.equal(floor.body, server.body);
    assert.deepEqual(describeDifference(server, floor), []);
  });

  test(`bench - the floor takes token, account and ciphertext from the publish for ${provider}`, () => {
    const compose = composeLike(provider, fromServer(provider));
    const { path, body } = compose({ token: 'cd'.repeat(32), account: 'juliet@x', ciphertext: 'REVG', iv: 'BBBB' });
    assert.ok(`${path} ${body}`.includes('cd'.repeat(32)));
    assert.ok(!`${path} ${body}`.includes(ours.token));
    assert.match(body, /"account":"juliet@x","encrypted":"REVG","iv":"BBBB"/);
  });
}

test('bench - every request of the floor to APNs has an id of its own', () => {
  const compose = composeLike('apns', fromServer('apns'));
  const [first, second] = [compose(ours).headers, compose(ours).headers];
  assert.notEqual(first['apns-id'], second['apns-id']);
  assert.equal(first['apns-id'], first['apns-collapse-id']);
});

test('bench - a floor that sends less than the server is found out', () => {
  const server = { path: '/p', headers: { a: 'xx', b: 'y' }, body: '{"k":"abc"}' };
  assert.deepEqual(describeDifference(server, { ...server, body: '{"k":"ab"}' }), [
    'bytes of the body: the floor has 10, the server 11',
  ]);
  assert.deepEqual(describeDifference(server, { ...server, body: '{"l":"abc"}' }), [
    'keys of the body: the floor has l, the server k',
  ]);
  assert.deepEqual(describeDifference(server, { ...server, headers: { a: 'xx' } }), [
    'length of b: the floor has none, the server 1',
  ]);
  assert.deepEqual(describeDifference(server, { ...server, path: '/q' }), ['path: the floor has /q, the server /p']);
});
