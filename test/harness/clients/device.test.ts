import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { test } from 'node:test';
import type { ReceivedPush } from '../../../src/harness/stand-ins/contract.ts';
import { type DeviceModel, receivePush, type Shown } from '../../../src/harness/clients/device.ts';
import { judgeFields, judgeShowing } from '../../../src/harness/runner/judge.ts';
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
    'the reference reads no payload without unread',
    reference,
    push('alert', { ...alert, ...sealed('{"unread":null,"sender":"j@e","message":"Hello"}') }),
    asSent,
  ],
  [
    'the reference reads no payload without a sender',
    reference,
    push('alert', { ...alert, ...sealed('{"unread":1,"message":"Hello"}') }),
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
    { kind: 'crash', program: 'the notification extension', why: 'it has no word for the type subscribe' },
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
    'an offered call in the background does nothing',
    siskin,
    push('background', { ...background, ...sealed(call) }),
    { kind: 'nothing', why: 'of low priority' },
  ],
  [
    'a payload without a sender is not read',
    siskin,
    push('alert', { ...alert, ...sealed('{"unread":1,"message":"Hello"}') }),
    asSent,
  ],
  [
    'a body in clear in the background is shown',
    siskin,
    push('background', { ...background, account, sender: 'j@e', body: 'Hi' }),
    { kind: 'notification', text: 'Hi' },
  ],
  [
    'no unread messages beside a sender clear nothing',
    siskin,
    push('background', { ...background, account, 'unread-messages': 0, sender: 'j@e' }),
    { kind: 'nothing', why: 'woken in the background' },
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
    { kind: 'crash', program: 'the app', why: 'its push service gets no account' },
  ],
  [
    'no unread messages on Android clear the screen',
    reference,
    data({ account, 'unread-messages': '0' }, 'normal'),
    { kind: 'cleared' },
  ],
  [
    'a call without a session rings on no Android',
    reference,
    data(sealed('{"sender":"juliet@example.com/b","type":"call","unread":1,"media":["audio"]}')),
    { kind: 'notification', title: 'juliet@example.com/b', text: 'New message!' },
  ],
  ['an account alone on Android wakes the app', reference, data({ account }), { kind: 'synchronized' }],
];
for (const [name, device, received, shown] of rows) {
  test(`device - ${name}`, () => assert.deepEqual(receivePush(received, device).shown, shown));
}

/** Payloads that only some of Siskin's three decoders survive. */
const strict: readonly [name: string, type: string, json: string, shown: Shown][] = [
  [
    'a subscription in the background ends Siskin',
    'background',
    '{"unread":1,"sender":"j@e","type":"subscribe"}',
    { kind: 'crash', program: 'the app', why: 'it has no word for the type subscribe' },
  ],
  [
    'an unknown media in the background ends Siskin',
    'background',
    '{"unread":1,"sender":"j@e","type":"call","sid":"s","media":["hologram"]}',
    { kind: 'crash', program: 'the app', why: 'it has no word for the media hologram' },
  ],
  [
    'an unknown media over PushKit ends Siskin',
    'voip',
    '{"sender":"j@e/r","sid":"s","media":["audio","hologram"]}',
    { kind: 'crash', program: 'the app', why: 'it has no word for the media hologram' },
  ],
  [
    'an unknown media in an alert is none of the extension’s business',
    'alert',
    '{"unread":1,"sender":"j@e","type":"call","sid":"s","media":["hologram"]}',
    { kind: 'notification', title: 'j@e', text: 'New message!' },
  ],
  [
    'the end of a call without unread does not stop the ringing',
    'background',
    '{"sender":"j@e/r","type":"call","sid":"s"}',
    { kind: 'nothing', why: 'unread is no number' },
  ],
  [
    'the end of a call with null for a sender does not stop the ringing',
    'background',
    '{"unread":0,"sender":null,"type":"call","sid":"s"}',
    { kind: 'nothing', why: 'sender is no string' },
  ],
  [
    'null for media is the end of a call',
    'background',
    '{"unread":0,"sender":"j@e/r","type":"call","sid":"s","media":null}',
    { kind: 'ringing-ended', sid: 's' },
  ],
  [
    'media that is no list rings for nobody',
    'voip',
    '{"sender":"j@e/r","sid":"s","media":"audio"}',
    { kind: 'fault', why: 'a call from Unknown flashes up' },
  ],
  ['a message that is no string is not decoded', 'alert', '{"unread":1,"sender":"j@e","message":5}', asSent],
  ['media that is no list is not decoded', 'alert', '{"unread":1,"sender":"j@e","media":"audio"}', asSent],
  ['half a message is not counted', 'alert', '{"unread":1.5,"sender":"j@e"}', asSent],
  [
    'a removed account has no sender, so that its type is never looked at',
    'alert',
    '{"unread":1,"type":"account-removed"}',
    asSent,
  ],
  ['a type that is no string is not decoded', 'alert', '{"unread":1,"sender":"j@e","type":1}', asSent],
];
for (const [name, type, json, expected] of strict) {
  test(`device - ${name}`, () => {
    const aps = { alert: alert.aps, background: background.aps, voip: {} }[type];
    assert.deepEqual(receivePush(push(type, { aps, ...sealed(json) }), siskin), { opened: json, shown: expected });
  });
}

test('device - fewer bytes than a tag end what opens them, sixteen do not', () => {
  const short = { account, iv: sealed(chat).iv, encrypted: 'AAAAAAAAAAAAAAAAAAAA' };
  const why = 'its ciphertext has 15 bytes, fewer than a tag';
  const expected = (program: string) => ({ shown: { kind: 'crash', program, why } });
  assert.deepEqual(receivePush(push('alert', { ...alert, ...short }), siskin), expected('the notification extension'));
  assert.deepEqual(receivePush(push('background', { ...background, ...short }), siskin), expected('the app'));
  assert.deepEqual(receivePush(push('voip', { aps: {}, ...short }), siskin), expected('the app'));
  const tag = { ...short, encrypted: 'AAAAAAAAAAAAAAAAAAAAAA==' };
  assert.deepEqual(receivePush(push('alert', { ...alert, ...tag }), siskin).shown, asSent);
});

test('device - Monal’s extension runs for alerts that it may change, and fetches', () => {
  const monal: DeviceModel = { reads: 'monal', keys: new Map() };
  assert.deepEqual(receivePush(push('alert', alert), monal).shown, { kind: 'synchronized' });
  assert.deepEqual(receivePush(push('alert', { aps: { alert: { body: 'New message!' } } }), monal).shown, asSent);
});

test('device - Stork connects the account that it is named, and needs a data message of high priority for it', () => {
  const stork: DeviceModel = { reads: 'stork', keys: new Map([[account, new Uint8Array(16)]]) };
  const fcm = (message: object) => receivePush({ ...data({}), body: { message } }, stork).shown;
  const urgent = { priority: 'high' };
  assert.deepEqual(fcm({ data: { account }, android: urgent }), { kind: 'synchronized' });
  assert.deepEqual(fcm({ data: { account, encrypted: '*', iv: '*' }, android: urgent }), { kind: 'synchronized' });
  assert.equal(fcm({ data: { account }, android: { priority: 'normal' } }).kind, 'nothing');
  assert.equal(fcm({ data: { account }, android: urgent, notification: { title: 'New message!' } }).kind, 'nothing');
  for (const keys of [{}, { account: `${account}/phone` }, { account: account.toLowerCase() }, undefined]) {
    const shown = fcm({ data: keys, android: urgent });
    assert.deepEqual([shown.kind, shown.kind === 'crash' && shown.program], ['crash', 'the app']);
  }
});

test('device - Conversations drops a push without account, and fetches at any other', () => {
  const conversations: DeviceModel = { reads: 'conversations', keys: new Map() };
  assert.equal(receivePush(data({}), conversations).shown.kind, 'nothing');
  assert.equal(receivePush(data({ account: 'ec164939' }), conversations).shown.kind, 'synchronized');
});

test('device - whatever a push holds, sealed or not, a device makes something of it', () => {
  const json = fc.json({ maxDepth: 3 });
  const field = fc.oneof(fc.string(), fc.jsonValue());
  const payload = fc.record(
    { unread: field, sender: field, type: field, nickname: field, message: field, sid: field, media: field },
    { requiredKeys: [] },
  );
  const text = fc.oneof(
    json,
    fc.string(),
    payload.map((value) => JSON.stringify(value)),
  );
  const aps = fc.oneof(fc.jsonValue(), fc.constant(alert.aps), fc.constant(background.aps), fc.constant({}));
  const model = fc.constantFrom<DeviceModel['reads']>('siskin', 'reference', 'monal', 'conversations', 'stork');
  fc.assert(
    fc.property(text, aps, fc.jsonValue(), model, fc.constantFrom('alert', 'background', 'voip', 'fcm'), (...all) => {
      const [plain, part, extra, reads, type] = all;
      const device: DeviceModel = { reads, keys: siskin.keys };
      const keys = { ...sealed(plain), extra };
      const received = type === 'fcm' ? data(keys) : push(type, { aps: part, ...keys });
      const view = receivePush(received, device);
      assert.ok(view.shown.kind);
      assert.doesNotThrow(() => judgeFields(view.opened ?? plain, { unread: 1, omemo: null }));
      assert.doesNotThrow(() => judgeShowing(view.shown, { kind: 'notification', text: 'Hello' }));
    }),
    { numRuns: 500 },
  );
});

test('device - what was opened is handed out letter by letter', () => {
  assert.equal(receivePush(push('alert', { ...alert, ...sealed(chat) }), siskin).opened, chat);
  assert.equal(receivePush(push('alert', { ...alert, ...sealed('not JSON') }), siskin).opened, 'not JSON');
  assert.equal(receivePush(push('alert', { ...alert, account }), siskin).opened, undefined);
});
