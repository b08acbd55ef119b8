import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'ltx';
import {
  conversations,
  conversations2026,
  hashOf,
  readP2Registration,
  receiveP2Push,
  snikketAndroid,
  writeP2Enable,
  writeP2Registration,
} from '../../../src/harness/clients/models-p2.ts';
import { runsMonal } from '../../../src/harness/clients/models-raw-token.ts';
import { readAnswer } from '../../../src/harness/server/stanza.ts';

const envelope = { from: 'romeo@example.net/Conversations.x', to: 'p2.example.org', id: 'C1' };
const device = { token: 'fcmInst:APA91b', androidId: '92afd7a91cdba9a0' };
const hash = 'f42438aa32bacfce0c716fa44e664bcda6ce971c';

const answer = (fields: Record<string, string>, status = ` status='completed'`) =>
  readAnswer(
    parse(
      `<iq type='result' id='C1' from='p2.example.org' to='romeo@example.net/Conversations.x'>` +
        `<command xmlns='http://jabber.org/protocol/commands' node='register-push-fcm'${status}><x xmlns='jabber:x:data' type='form'>` +
        Object.entries(fields)
          .map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`)
          .join('') +
        `</x></command></iq>`,
    ),
  );
const whole = { jid: 'p2.example.net', node: 'eKxTS5n3bOe0', secret: 'KK4+H5WMfpRG' };

test('client - Conversations registers with its token and the id of the device, in untyped fields', () => {
  assert.equal(
    writeP2Registration(envelope, device),
    `<iq type='set' id='C1' from='romeo@example.net/Conversations.x' to='p2.example.org'>` +
      `<command xmlns='http://jabber.org/protocol/commands' node='register-push-fcm' action='execute'>` +
      `<x xmlns='jabber:x:data' type='submit'><field var='token'><value>fcmInst:APA91b</value></field>` +
      `<field var='android-id'><value>92afd7a91cdba9a0</value></field></x></command></iq>`,
  );
});

test('client - Conversations enables push at the jid of the answer, its relatives where they asked', () => {
  for (const [model, jid] of [
    [conversations, 'p2.example.net'],
    [conversations2026, 'p2.example.org'],
    [snikketAndroid, 'p2.example.org'],
  ] as const) {
    const reading = readP2Registration(model, envelope, answer(whole));
    assert.deepEqual(reading, { kind: 'registered', ...whole, jid });
    assert.ok(reading.kind === 'registered');
    assert.match(
      writeP2Enable(reading),
      new RegExp(`^<enable xmlns='urn:xmpp:push:0' jid='${jid}' node='eKxTS5n3bOe0'>`),
    );
    assert.match(writeP2Enable(reading), /<field var='secret'><value>KK4\+H5WMfpRG<\/value><\/field>/);
  }
});

test('client - an answer without jid crashes Conversations, one without a valid status its forks of 2026', () => {
  const { jid: _, ...withoutJid } = whole;
  assert.equal(readP2Registration(conversations, envelope, answer(withoutJid)).kind, 'crash');
  assert.equal(readP2Registration(conversations2026, envelope, answer(withoutJid)).kind, 'registered');
  for (const status of ['', ` status='complete'`, ` status='executing'`]) {
    assert.equal(readP2Registration(conversations2026, envelope, answer(whole, status)).kind, 'crash');
    assert.equal(readP2Registration(conversations, envelope, answer(whole, status)).kind, 'registered');
  }
});

test('client - none of them takes an answer without node or secret', () => {
  for (const model of [conversations, conversations2026, snikketAndroid]) {
    for (const missing of ['node', 'secret']) {
      const reading = readP2Registration(model, envelope, answer({ ...whole, [missing]: '' }));
      assert.deepEqual(reading, { kind: 'refused', condition: 'undefined-condition' });
    }
    assert.equal(readP2Registration(model, envelope, { kind: 'silence' }).kind, 'refused');
  }
});

test('client - a push is for the account whose hash it has; without high priority it comes late', () => {
  assert.equal(hashOf('romeo@example.net', device), hash);
  const accounts = ['juliet@example.net', 'romeo@example.net'];
  const high = { priority: 'high' };
  assert.deepEqual(receiveP2Push(conversations, device, accounts, { data: { account: hash }, android: high }), {
    kind: 'woken',
    prompt: 'romeo@example.net',
    late: false,
  });
  assert.deepEqual(receiveP2Push(conversations, device, accounts, { data: { account: 'other' } }), {
    kind: 'woken',
    late: true,
  });
  assert.deepEqual(receiveP2Push(conversations2026, device, accounts, { android: high }), { kind: 'dropped' });
});

test('client - Monal’s extension runs for an alert with mutable-content and for nothing else', () => {
  const alert = { 'apns-push-type': 'alert' };
  const aps = { alert: { body: 'New Message?' }, 'mutable-content': 1 };
  assert.equal(runsMonal({ headers: alert, body: { aps } }), true);
  assert.equal(runsMonal({ headers: { 'apns-push-type': 'background' }, body: { aps } }), false);
  assert.equal(runsMonal({ headers: alert, body: { aps: { alert: aps.alert } } }), false);
  assert.equal(runsMonal({ headers: alert, body: { aps: { 'mutable-content': 1 } } }), false);
  assert.equal(runsMonal({ headers: alert, body: { aps: { ...aps, 'mutable-content': '1' } } }), false);
  assert.equal(runsMonal({ headers: alert, body: {} }), false);
});
