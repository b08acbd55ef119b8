import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composePush, largestCiphertext } from '../../../src/providers/fcm/payload.ts';
import type { Push } from '../../../src/core/push.ts';
import { fcmToken, pushOf } from '../fixtures.ts';

const now = Date.UTC(2026, 10, 1);
const sealed = { kind: 'sealed', ciphertext: 'Y2lwaGVydGV4dA==', iv: 'aXY=' } as const;
const none = { kind: 'none' } as const;

function compose(push: Partial<Push>, app: { collapseKey?: string } = {}) {
  const composed = composePush(pushOf({ expiresAtMs: now + 604_800_000, ...push }), fcmToken, app, now);
  return composed.kind === 'request'
    ? { json: composed.body.toString(), oversize: composed.oversize }
    : { json: '', oversize: false, reason: composed.reason };
}

const rows: [string, Partial<Push>, string][] = [
  [
    'alert with ciphertext',
    { kind: 'alert', content: sealed },
    '{"message":{"token":"fcmInst:APA91bExample","data":{"account":"romeo@example.net","encrypted":"Y2lwaGVydGV4dA==","iv":"aXY="},"android":{"priority":"high","ttl":"604800s"}}}',
  ],
  [
    'wake-up of p2 for a room: two hashes and nothing else',
    { kind: 'alert', content: none, account: 'f42438aa', channel: '4bfee930' },
    '{"message":{"token":"fcmInst:APA91bExample","data":{"account":"f42438aa","channel":"4bfee930"},"android":{"priority":"high","ttl":"604800s"}}}',
  ],
  [
    'alert to a device of no account: there is no such key',
    { kind: 'alert', content: none, account: '' },
    '{"message":{"token":"fcmInst:APA91bExample","data":{},"android":{"priority":"high","ttl":"604800s"}}}',
  ],
  [
    'call with ciphertext: there is no PushKit here',
    { kind: 'voip', content: sealed, expiresAtMs: 0 },
    '{"message":{"token":"fcmInst:APA91bExample","data":{"account":"romeo@example.net","encrypted":"Y2lwaGVydGV4dA==","iv":"aXY="},"android":{"priority":"high","ttl":"0s"}}}',
  ],
  [
    'call by alert',
    { kind: 'call-alert', content: none, expiresAtMs: now + 30_000 },
    '{"message":{"token":"fcmInst:APA91bExample","data":{"account":"romeo@example.net"},"android":{"priority":"high","ttl":"30s"}}}',
  ],
  [
    'background: read elsewhere, the number as a string',
    { kind: 'background', content: { kind: 'summary', unreadMessages: 0 } },
    '{"message":{"token":"fcmInst:APA91bExample","data":{"account":"romeo@example.net","unread-messages":"0"},"android":{"priority":"normal","ttl":"604800s"}}}',
  ],
  [
    'alert with a forwarded summary',
    {
      kind: 'alert',
      content: { kind: 'summary', unreadMessages: 3, sender: 'juliet@example.com', body: 'Hi', nickname: 'J' },
    },
    '{"message":{"token":"fcmInst:APA91bExample","data":{"account":"romeo@example.net","unread-messages":"3","sender":"juliet@example.com","body":"Hi","nickname":"J"},"android":{"priority":"high","ttl":"604800s"}}}',
  ],
];
for (const [what, push, json] of rows)
  test(`FCM payload - ${what}`, () => assert.deepEqual(compose(push), { json, oversize: false }));

test('FCM payload - a collapse key is set only if the config has one', () => {
  const { message } = JSON.parse(compose({ content: none }, { collapseKey: 'xmpp' }).json) as {
    message: { android: unknown };
  };
  assert.deepEqual(message.android, { priority: 'high', ttl: '604800s', collapse_key: 'xmpp' });
});

test('FCM payload - the time to live is at least a second, unless it is "now or never", and at most four weeks', () => {
  const ttl = (expiresAtMs: number) =>
    (JSON.parse(compose({ expiresAtMs }).json) as { message: { android: { ttl: string } } }).message.android.ttl;
  assert.equal(ttl(0), '0s');
  assert.equal(ttl(now + 400), '1s');
  assert.equal(ttl(now - 5000), '1s');
  assert.equal(ttl(now + 1_001), '2s');
  assert.equal(ttl(now + 365 * 86_400_000), '2419200s');
});

test('FCM payload - keys and values and 8 bytes per field may be 4000; a longer push goes without ciphertext', () => {
  // account 7 + 17 + 8, encrypted 9 + n + 8, iv 2 + 4 + 8
  const largest = 4000 - 32 - 17 - 14;
  const of = (n: number) => compose({ content: { ...sealed, ciphertext: 'A'.repeat(n) } });
  assert.equal(of(largest).oversize, false);
  assert.deepEqual(of(largest + 1), { ...compose({ content: none }), oversize: true });
});

test('FCM payload - an account that fits into no push is refused', () => {
  assert.equal(compose({ account: 'r'.repeat(4000) }).reason, 'payload-too-large');
});

test('FCM payload - the largest ciphertext fits with 512 bytes to spare, whatever the account’s length and script', () => {
  assert.equal(largestCiphertext('romeo@example.net'), 3072);
  assert.equal(largestCiphertext('r'.repeat(4000)), 0);
  // Whatever room is left, what is told is a length that base64 has.
  for (let length = 900; length < 904; length += 1) assert.equal(largestCiphertext('r'.repeat(length)) % 4, 0);
  for (const account of ['a@b', `${'r'.repeat(900)}@x`, `${'ж'.repeat(500)}@x`]) {
    const ciphertext = 'A'.repeat(largestCiphertext(account) + 512);
    assert.equal(compose({ account, content: { kind: 'sealed', ciphertext, iv: 'x'.repeat(24) } }).oversize, false);
  }
});
