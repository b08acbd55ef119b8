import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'ltx';
import {
  type ClientModel,
  isPushService,
  readRegistration,
  readUnregistration,
  sealingAndroid,
  siskin,
  snikket,
  stork,
  writeRegistration,
  writeUnregistration,
} from '../../../src/harness/clients/models.ts';
import { readAnswer } from '../../../src/harness/server/stanza.ts';

const envelope = { from: 'romeo@example.net/phone', to: 'push.example.com', id: 'A1' };
const tokens = { token: '9F3C', secondToken: '77ab' };

test('client - Siskin registers with both tokens, in one step and without action', () => {
  assert.equal(
    writeRegistration(siskin, envelope, tokens),
    `<iq type='set' id='A1' from='romeo@example.net/phone' to='push.example.com'>` +
      `<command xmlns='http://jabber.org/protocol/commands' node='register-device'><x xmlns='jabber:x:data' type='submit'>` +
      `<field var='provider' type='text-single'><value>tigase:messenger:apns:1</value></field>` +
      `<field var='device-token' type='text-single'><value>9F3C</value></field>` +
      `<field var='device-second-token' type='text-single'><value>77ab</value></field></x></command></iq>`,
  );
});

test('client - Stork names its provider in a list-single and has no second token', () => {
  assert.equal(
    writeRegistration(stork, envelope, { token: 'fcmInst:APA91b', secondToken: '77ab' }),
    `<iq type='set' id='A1' from='romeo@example.net/phone' to='push.example.com'>` +
      `<command xmlns='http://jabber.org/protocol/commands' node='register-device'><x xmlns='jabber:x:data' type='submit'>` +
      `<field var='provider' type='list-single'><value>fcm-xmpp-api</value></field>` +
      `<field var='device-token' type='text-single'><value>fcmInst:APA91b</value></field></x></command></iq>`,
  );
});

test('client - unregistering names provider and first token alone', () => {
  assert.equal(
    writeUnregistration(snikket, envelope, tokens),
    `<iq type='set' id='A1' from='romeo@example.net/phone' to='push.example.com'>` +
      `<command xmlns='http://jabber.org/protocol/commands' node='unregister-device'><x xmlns='jabber:x:data' type='submit'>` +
      `<field var='provider' type='text-single'><value>snikket:apns:1</value></field>` +
      `<field var='device-token' type='text-single'><value>9F3C</value></field></x></command></iq>`,
  );
});

const result = (form: string, status = ` status='completed'`) =>
  readAnswer(
    parse(
      `<iq type='result' id='A1' from='push.example.com' to='romeo@example.net/phone'>` +
        `<command xmlns='http://jabber.org/protocol/commands' node='register-device'${status}>${form}</command></iq>`,
    ),
  );
const node = `<field var='node' type='text-single'><value>N</value></field>`;
const features = `<field var='features' type='text-multi'><value>tigase:push:encrypt:0</value></field>`;
const size = `<field var='max-payload-size' type='text-single'><value>3072</value></field>`;
const form = (fields: string, type = ` type='result'`) => `<x xmlns='jabber:x:data'${type}>${fields}</x>`;
const whole = {
  kind: 'registered',
  node: 'N',
  features: ['tigase:push:encrypt:0'],
  maxPayloadSize: 3072,
} as const;
const unreadable = { kind: 'refused', condition: 'undefined-condition' } as const;
const { maxPayloadSize: _size, ...withoutSize } = whole;

const readings: readonly [name: string, client: ClientModel, answer: ReturnType<typeof result>, reading: unknown][] = [
  ['Siskin takes the whole form', siskin, result(form(node + features + size)), whole],
  ['Snikket takes the whole form', snikket, result(form(node + features + size)), whole],
  ['Siskin needs no status', siskin, result(form(node + features + size), ''), whole],
  ['Siskin takes no form without type', siskin, result(form(node + features, '')), unreadable],
  ['Siskin takes no form of a type it does not know', siskin, result(form(node, ` type='list'`)), unreadable],
  [
    'Siskin takes a hidden node',
    siskin,
    result(form(node.replace('text-single', 'hidden'))),
    { ...withoutSize, features: [] },
  ],
  ['Snikket takes no hidden node', snikket, result(form(node.replace('text-single', 'hidden'))), unreadable],
  [
    'Snikket takes an untyped node',
    snikket,
    result(form(node.replace(` type='text-single'`, ''))),
    { ...withoutSize, features: [] },
  ],
  [
    'Siskin sees no features without their type',
    siskin,
    result(form(node + features.replace(` type='text-multi'`, ''))),
    { ...withoutSize, features: [] },
  ],
  ['Siskin takes list-multi', siskin, result(form(node + features.replace('text-multi', 'list-multi'))), withoutSize],
  [
    'Snikket takes text-multi alone',
    snikket,
    result(form(node + features.replace('text-multi', 'list-multi'))),
    { ...withoutSize, features: [] },
  ],
  [
    'a size that is no number is left out',
    siskin,
    result(form(node + features + size.replace('3072', ' 3072'))),
    withoutSize,
  ],
  ['an empty node is none', siskin, result(form(node.replace('N', ''))), unreadable],
  ['no form is none', siskin, result(''), unreadable],
  ['Stork reads the node alone', stork, result(form(node + features)), { ...withoutSize, features: [] }],
  ['Stork does not look at the form type', stork, result(form(node, '')), { ...withoutSize, features: [] }],
  [
    'Stork does not survive a foreign status',
    stork,
    result(form(node), ` status='complete'`),
    { kind: 'crash', why: `status 'complete' is no word it knows` },
  ],
  [
    'Stork does not survive a hidden node',
    stork,
    result(form(node.replace('text-single', 'hidden'))),
    { kind: 'crash', why: 'the field node is not text-single' },
  ],
  ['Stork does not survive a missing form', stork, result(''), { kind: 'crash', why: 'no form' }],
  ['a sealing client on Android reads features', sealingAndroid, result(form(node + features + size)), whole],
  ['silence is a timeout', siskin, { kind: 'silence' }, { kind: 'refused', condition: 'remote-server-timeout' }],
];
for (const [name, client, answer, reading] of readings) {
  test(`client - ${name}`, () => assert.deepEqual(readRegistration(client, answer), reading));
}

const textFirst = readAnswer(
  parse(
    `<iq type='error' id='A1'><error type='cancel'><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>no</text>` +
      `<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
  ),
);

test('client - a condition behind a text is not seen by Snikket', () => {
  assert.deepEqual(readRegistration(siskin, textFirst), { kind: 'refused', condition: 'item-not-found' });
  assert.deepEqual(readRegistration(snikket, textFirst), unreadable);
});

test('client - Siskin wants the command in the result of unregistering, Snikket does not', () => {
  const bare = readAnswer(parse(`<iq type='result' id='A1'/>`));
  assert.equal(readUnregistration(siskin, bare), 'undefined-condition');
  assert.equal(readUnregistration(snikket, bare), undefined);
  assert.equal(readUnregistration(siskin, result('')), undefined);
});

const disco = (inside: string) =>
  readAnswer(parse(`<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>${inside}</query></iq>`));

test('client - a push service has the identity, the feature and the provider', () => {
  const identity = `<identity category='pubsub' type='push' name='Push'/>`;
  const push = `<feature var='urn:xmpp:push:0'/>`;
  const provider = `<feature var='tigase:messenger:apns:1'/>`;
  assert.equal(isPushService(siskin, disco(identity + push + provider)), true);
  assert.equal(isPushService(snikket, disco(identity + push + provider)), false);
  assert.equal(isPushService(siskin, disco(push + provider)), false);
  assert.equal(isPushService(siskin, disco(identity + provider)), false);
  assert.equal(isPushService(siskin, disco(identity.replace('push', 'pep') + push + provider)), false);
  assert.equal(isPushService(siskin, { kind: 'silence' }), false);
});
