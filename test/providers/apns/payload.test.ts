import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composePush, largestCiphertext } from '../../../src/providers/apns/payload.ts';
import type { Push, PushContent } from '../../../src/core/push.ts';
import type { Wording } from '../../../src/core/app.ts';
import { pushOf, topic, wording } from '../fixtures.ts';

const id = 'eabeae54-14a8-11e5-b60b-1697f925ec7b';
const sealed = { kind: 'sealed', ciphertext: 'Y2lwaGVydGV4dA==', iv: 'aXY=' } as const;
const none = { kind: 'none' } as const;
const app = { topic, ...wording };
// 2027-01-01T00:00:00.999Z, whose fraction of a second must not show.
const expiresAtMs = 1_798_761_600_999;

const compose = (push: Partial<Push>, words: { alert?: Wording; call?: Wording } = {}) =>
  composePush(pushOf({ id, expiresAtMs, ...push }), { ...app, ...words });

/** Headers that are the same in every row. */
const headers = (pushType: string, priority: string, expiration = '1798761600', suffix = '') => ({
  'apns-topic': `org.example.messenger${suffix}`,
  'apns-push-type': pushType,
  'apns-priority': priority,
  'apns-expiration': expiration,
  'apns-id': id,
  'apns-collapse-id': id,
});

const rows: [string, Partial<Push>, Record<string, string>, string][] = [
  [
    'alert with ciphertext',
    { kind: 'alert', content: sealed },
    headers('alert', '10'),
    '{"aps":{"alert":{"body":"New message!"},"sound":"default","mutable-content":1},"account":"romeo@example.net","encrypted":"Y2lwaGVydGV4dA==","iv":"aXY="}',
  ],
  [
    'alert without content',
    { kind: 'alert', content: none },
    headers('alert', '10'),
    '{"aps":{"alert":{"body":"New message!"},"sound":"default","mutable-content":1},"account":"romeo@example.net"}',
  ],
  [
    'alert with a forwarded summary',
    {
      kind: 'alert',
      content: {
        kind: 'summary',
        unreadMessages: 3,
        sender: 'juliet@example.com/balcony',
        body: 'Hello',
        nickname: 'J',
      },
    },
    headers('alert', '10'),
    '{"aps":{"alert":{"body":"New message!"},"sound":"default","mutable-content":1},"account":"romeo@example.net","unread-messages":3,"sender":"juliet@example.com/balcony","body":"Hello","nickname":"J"}',
  ],
  [
    'call without PushKit token: never mutable',
    { kind: 'call-alert', content: sealed },
    headers('alert', '10'),
    '{"aps":{"alert":{"body":"Incoming call"},"sound":"default"},"account":"romeo@example.net","encrypted":"Y2lwaGVydGV4dA==","iv":"aXY="}',
  ],
  [
    'background: messages were read elsewhere',
    { kind: 'background', content: { kind: 'summary', unreadMessages: 0 } },
    headers('background', '5'),
    '{"aps":{"content-available":1},"account":"romeo@example.net","unread-messages":0}',
  ],
  [
    'background with ciphertext: the call has ended',
    { kind: 'background', content: sealed },
    headers('background', '5'),
    '{"aps":{"content-available":1},"account":"romeo@example.net","encrypted":"Y2lwaGVydGV4dA==","iv":"aXY="}',
  ],
  [
    'background wake-up',
    { kind: 'background', content: none },
    headers('background', '5'),
    '{"aps":{"content-available":1},"account":"romeo@example.net"}',
  ],
  [
    'VoIP expires at once, whatever it was given',
    { kind: 'voip', content: sealed },
    headers('voip', '10', '0', '.voip'),
    '{"aps":{},"account":"romeo@example.net","encrypted":"Y2lwaGVydGV4dA==","iv":"aXY="}',
  ],
  [
    'raw token: there is no account',
    { kind: 'alert', content: none, account: '' },
    headers('alert', '10'),
    '{"aps":{"alert":{"body":"New message!"},"sound":"default","mutable-content":1}}',
  ],
  [
    'a room of p2',
    { kind: 'alert', content: none, account: 'f42438aa', channel: '4bfee930' },
    headers('alert', '10'),
    '{"aps":{"alert":{"body":"New message!"},"sound":"default","mutable-content":1},"account":"f42438aa","channel":"4bfee930"}',
  ],
  [
    'an alert that expires at once',
    { kind: 'alert', content: none, expiresAtMs: 0 },
    headers('alert', '10', '0'),
    '{"aps":{"alert":{"body":"New message!"},"sound":"default","mutable-content":1},"account":"romeo@example.net"}',
  ],
];
for (const [what, push, wantedHeaders, wantedJson] of rows)
  test(`APNs payload - ${what}`, () => {
    const composed = compose(push);
    assert.equal(composed.kind, 'request');
    if (composed.kind !== 'request') return;
    assert.deepEqual(composed.headers, wantedHeaders);
    assert.equal(composed.body.toString(), wantedJson);
    assert.equal(composed.oversize, false);
  });

test('APNs payload - the wording is the app’s: title, keys of its localisation, sound, category', () => {
  const aps = (alert: Wording) => {
    const composed = compose({ content: none, account: '' }, { alert });
    return composed.kind === 'request' ? (JSON.parse(composed.body.toString()) as { aps: unknown }).aps : undefined;
  };
  assert.deepEqual(aps({ title: 'Messenger', body: 'Something new', category: 'MESSAGE' }), {
    alert: { title: 'Messenger', body: 'Something new' },
    category: 'MESSAGE',
    'mutable-content': 1,
  });
  assert.deepEqual(aps({ titleLocKey: 'TITLE', locKey: 'NEW', sound: 'ping.caf' }), {
    alert: { 'title-loc-key': 'TITLE', 'loc-key': 'NEW' },
    sound: 'ping.caf',
    'mutable-content': 1,
  });
  // APNs would refuse an alert without text.
  assert.deepEqual(aps({ sound: 'default' }), {
    alert: { body: 'New message!' },
    sound: 'default',
    'mutable-content': 1,
  });
  const call = compose({ kind: 'call-alert', content: none }, { call: {} });
  assert.ok(call.kind === 'request');
  const { aps: words } = JSON.parse(call.body.toString()) as { aps: unknown };
  assert.deepEqual(words, { alert: { body: 'Incoming call' } });
});

test('APNs payload - a push with less than a second left does not get the expiry 0, "once, now"', () => {
  const composed = compose({ expiresAtMs: 400 });
  assert.equal(composed.kind === 'request' && composed.headers['apns-expiration'], '1');
});

/** A ciphertext that gives the push exactly this length. */
function filling(bytes: number, push: Partial<Push>): PushContent {
  const empty = compose({ ...push, content: { kind: 'sealed', ciphertext: '', iv: 'aXY=' } });
  assert.equal(empty.kind, 'request');
  const used = empty.kind === 'request' ? empty.body.length : 0;
  return { kind: 'sealed', ciphertext: 'A'.repeat(bytes - used), iv: 'aXY=' };
}

for (const kind of ['alert', 'call-alert', 'background'] as const)
  test(`APNs payload - ${kind}: 4096 bytes fit, one more goes without ciphertext`, () => {
    const fits = compose({ kind, content: filling(4096, { kind }) });
    assert.deepEqual(fits.kind === 'request' && [fits.body.length, fits.oversize], [4096, false]);
    const over = compose({ kind, content: filling(4097, { kind }) });
    const bare = compose({ kind, content: none });
    assert.equal(over.kind === 'request' && over.oversize, true);
    assert.deepEqual(over.kind === 'request' && over.body, bare.kind === 'request' && bare.body);
  });

test('APNs payload - VoIP: 5120 bytes fit; a longer push, or one without ciphertext, never goes over PushKit', () => {
  const fits = compose({ kind: 'voip', content: filling(5120, { kind: 'voip' }) });
  assert.equal(fits.kind === 'request' && fits.body.length, 5120);
  const refused = { kind: 'payload-rejected', reason: 'call-without-ciphertext' };
  assert.deepEqual(compose({ kind: 'voip', content: filling(5121, { kind: 'voip' }) }), refused);
  assert.deepEqual(compose({ kind: 'voip', content: none }), refused);
  assert.deepEqual(compose({ kind: 'voip', content: { kind: 'summary', unreadMessages: 1 } }), refused);
});

test('APNs payload - bytes are counted, not characters', () => {
  const body = 'é'.repeat(2000);
  const composed = compose({ content: { kind: 'summary', body } });
  assert.equal(composed.kind === 'request' && composed.oversize, true);
});

test('APNs payload - an account that fits into no push is refused', () => {
  const composed = compose({ account: `${'r'.repeat(4100)}@example.net` });
  assert.deepEqual(composed, { kind: 'payload-rejected', reason: 'payload-too-large' });
});

test('APNs payload - the largest ciphertext is 3072 bytes for ordinary accounts, less for long ones, never negative', () => {
  assert.equal(largestCiphertext('romeo@example.net', app), 3072);
  const long = `${'r'.repeat(1000)}@${'e'.repeat(200)}.example`;
  const largest = largestCiphertext(long, app);
  assert.equal(largest < 3072 && largest > 2000 && largest % 4 === 0, true);
  assert.equal(largestCiphertext('r'.repeat(4000), app), 0);
  // Whatever room is left, what is told is a length that base64 has.
  const accounts = Array.from({ length: 4 }, (_, more) => `${'r'.repeat(900 + more)}@x`);
  for (const account of accounts) assert.equal(largestCiphertext(account, app) % 4, 0);
});

test('APNs payload - the largest ciphertext fits with 512 bytes to spare, whatever the account’s length and script', () => {
  for (const account of [
    'a@b',
    'romeo@example.net',
    `${'r'.repeat(900)}@x`,
    `${'ж'.repeat(500)}@x`,
    `"${'\\'.repeat(300)}@x`,
  ]) {
    const ciphertext = 'A'.repeat(largestCiphertext(account, app) + 512);
    for (const kind of ['alert', 'call-alert', 'background', 'voip'] as const) {
      const composed = compose({ kind, account, content: { kind: 'sealed', ciphertext, iv: 'x'.repeat(24) } });
      assert.equal(composed.kind === 'request' && composed.oversize, false, `${kind} ${account.slice(0, 10)}`);
    }
  }
});
