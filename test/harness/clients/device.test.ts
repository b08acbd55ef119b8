import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { ReceivedPush } from '../../../src/harness/stand-ins/contract.ts';
import { type DeviceModel, receivePush, type Shown } from '../../../src/harness/clients/device.ts';
import { seal } from '../../../src/harness/sealing/sealing.ts';

const key = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const account = 'Romeo@Example.net';
const siskin: DeviceModel = { reads: 'siskin', keys: new Map([[account, key]]) };
const reference: DeviceModel = { ...siskin, reads: 'reference' };

function push(type: string, body: Record<string, unknown>): ReceivedPush {
  return { provider: 'apns', token: '9f3c', headers: { 'apns-push-type': type }, body, bytes: 0, atMs: 0, status: 200 };
}

function data(keys: Record<string, unknown>, priority = 'high'): ReceivedPush {
  const body = { message: { token: 't', android: { priority }, data: keys } };
  return { provider: 'fcm', token: 't', headers: {}, body, bytes: 0, atMs: 0, status: 200 };
}

function sealed(json: string, tag: 'valid' | 'zero' = 'valid') {
  const { ciphertext, iv } = seal(json, key, randomBytes, { tag });
  return { account, encrypted: ciphertext, iv };
}

const alert = { aps: { alert: { body: 'New message!' }, 'mutable-content': 1, sound: 'default' } };
const background = { aps: { 'content-available': 1 } };
const chat = '{"unread":1,"sender":"juliet@example.com","type":"chat","message":"Hello"}';
const call = '{"sender":"juliet@example.com/b","type":"call","unread":1,"sid":"s","media":["audio"]}';
const ended = '{"sender":"juliet@example.com/b","type":"call","unread":1,"sid":"s"}';
const asSent = { kind: 'notification', text: 'New message!' } as const;
const hello = { kind: 'notification', title: 'juliet@example.com', text: 'Hello' } as const;

const rows: readonly [name: string, device: DeviceModel, push: ReceivedPush, shown: Shown][] = [
  ['a sealed message is shown opened', siskin, push('alert', { ...alert, ...sealed(chat) }), hello],
  ['Siskin does not look at the tag', siskin, push('alert', { ...alert, ...sealed(chat, 'zero') }), hello],
  ['the reference refuses a tag of zeros', reference, push('alert', { ...alert, ...sealed(chat, 'zero') }), asSent],
  [
    'an account in other letters has no key',
    siskin,
    push('alert', { ...alert, ...sealed(chat), account: 'romeo@example.net' }),
    asSent,
  ],
  [
    'an account with resource has no key',
    siskin,
    push('alert', { ...alert, ...sealed(chat), account: `${account}/x` }),
    asSent,
  ],
  [
    'white space in base64 is not opened',
    siskin,
    push('alert', { ...alert, ...sealed(chat), iv: ' AAAAAAAAAAAAAAAA' }),
    asSent,
  ],
  [
    'a payload without unread is not read',
    siskin,
    push('alert', { ...alert, ...sealed('{"unread":null,"sender":"j@e"}') }),
    asSent,
  ],
  [
    'a payload without message gets the app’s words',
    siskin,
    push('alert', { ...alert, ...sealed('{"unread":1,"sender":"j@e"}') }),
    { kind: 'notification', title: 'j@e', text: 'New message!' },
  ],
  [
    'Siskin does not survive a subscription',
    siskin,
    push('alert', { ...alert, ...sealed('{"unread":1,"sender":"j@e","type":"subscribe"}') }),
    { kind: 'fault', why: 'the extension crashes at the type subscribe' },
  ],
  [
    'the reference reads a subscription',
    reference,
    push('alert', { ...alert, ...sealed('{"unread":1,"sender":"j@e","type":"subscribe"}') }),
    { kind: 'notification', title: 'j@e', text: 'Subscription request' },
  ],
  [
    'an alert without mutable-content is shown as it is',
    siskin,
    push('alert', { aps: { alert: { title: 'Call', body: 'Incoming call' } }, ...sealed(call) }),
    { kind: 'notification', title: 'Call', text: 'Incoming call' },
  ],
  [
    'alert and content-available show twice',
    siskin,
    push('alert', { aps: { ...alert.aps, 'content-available': 1 } }),
    { kind: 'fault', why: 'shown twice: alert and content-available' },
  ],
  [
    'sender and body in clear are shown',
    siskin,
    push('alert', { ...alert, account, sender: 'j@e', body: 'Hi' }),
    { kind: 'notification', title: 'j@e', text: 'Hi' },
  ],
  [
    'a call rings',
    siskin,
    push('voip', { aps: {}, ...sealed(call) }),
    { kind: 'ringing', caller: 'juliet@example.com/b', sid: 's', media: ['audio'] },
  ],
  [
    'the end of a call over PushKit ends the app',
    siskin,
    push('voip', { aps: {}, ...sealed(ended) }),
    { kind: 'fault', why: 'no call reported: iOS ends the app' },
  ],
  [
    'a call that cannot be opened is a ghost',
    siskin,
    push('voip', { aps: {}, account }),
    { kind: 'fault', why: 'a call from Unknown flashes up' },
  ],
  [
    'a call without caller is a ghost',
    siskin,
    push('voip', { aps: {}, ...sealed('{"sid":"s","media":[]}') }),
    { kind: 'fault', why: 'a call from Unknown flashes up' },
  ],
  [
    'the end of a call in the background ends it',
    siskin,
    push('background', { ...background, ...sealed(ended) }),
    { kind: 'ringing-ended', sid: 's' },
  ],
  [
    'a sealed message in the background does nothing',
    siskin,
    push('background', { ...background, ...sealed(chat) }),
    { kind: 'nothing', why: 'of low priority' },
  ],
  [
    'no unread messages clear the screen',
    siskin,
    push('background', { ...background, account, 'unread-messages': 0 }),
    { kind: 'cleared' },
  ],
  [
    'a number as text does not',
    siskin,
    push('background', { ...background, account, 'unread-messages': '0' }),
    { kind: 'nothing', why: 'woken in the background' },
  ],
  ['a message on Android is shown opened', reference, data(sealed(chat)), hello],
  [
    'a message of low priority on Android wakes the app',
    reference,
    data(sealed(chat), 'normal'),
    { kind: 'synchronized' },
  ],
  [
    'a call on Android rings',
    reference,
    data(sealed(call)),
    { kind: 'ringing', caller: 'juliet@example.com/b', sid: 's', media: ['audio'] },
  ],
  [
    'the end of a call on Android ends it',
    reference,
    data(sealed(ended), 'normal'),
    { kind: 'ringing-ended', sid: 's' },
  ],
  [
    'no account on Android is a crash',
    reference,
    data({}),
    { kind: 'fault', why: 'the service crashes without an account' },
  ],
  [
    'no unread messages on Android clear the screen',
    reference,
    data({ account, 'unread-messages': '0' }, 'normal'),
    { kind: 'cleared' },
  ],
  ['an account alone on Android wakes the app', reference, data({ account }), { kind: 'synchronized' }],
];
for (const [name, device, received, shown] of rows) {
  test(`device - ${name}`, () => assert.deepEqual(receivePush(received, device).shown, shown));
}

test('device - what was opened is handed out letter by letter', () => {
  assert.equal(receivePush(push('alert', { ...alert, ...sealed(chat) }), siskin).opened, chat);
  assert.equal(receivePush(push('alert', { ...alert, ...sealed('not JSON') }), siskin).opened, 'not JSON');
  assert.equal(receivePush(push('alert', { ...alert, account }), siskin).opened, undefined);
});
