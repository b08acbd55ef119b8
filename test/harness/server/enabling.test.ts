import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'ltx';
import { sealingAndroid, siskin, stork } from '../../../src/harness/clients/models.ts';
import { applyPushRequest, type EnabledDevices, writeEnable } from '../../../src/harness/server/enabling.ts';
import { ejabberd, type Flavour, prosody13, reference, tigase } from '../../../src/harness/server/server-flavours.ts';

const key = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const request = { jid: 'push.example.com', node: 'N', key, maxSizeBytes: 3072 };

test('enabling - Siskin asks for filters, priorities, sealing and calls, in this order', () => {
  assert.equal(
    writeEnable(siskin, request, reference.accountFeatures),
    `<enable xmlns='urn:xmpp:push:0' jid='push.example.com' node='N'><groupchat xmlns='tigase:push:filter:groupchat:0'/>` +
      `<priority xmlns='tigase:push:priority:0'/><encrypt xmlns='tigase:push:encrypt:0' alg='aes-128-gcm' max-size='3072'>` +
      `AAECAwQFBgcICQoLDA0ODw==</encrypt><jingle xmlns='tigase:push:jingle:0'/></enable>`,
  );
});

test('enabling - a client that seals names its OMEMO device where the server knows the variant', () => {
  const omemo = `<omemo xmlns='tigase:push:encrypt:omemo:0' deviceId='1325'/>`;
  const asked = { ...request, omemoDevice: 1325 };
  assert.ok(writeEnable(sealingAndroid, asked, reference.accountFeatures).includes(omemo));
  assert.ok(!writeEnable(sealingAndroid, asked, tigase.accountFeatures).includes('omemo'));
});

test('enabling - sealing is not asked for where the server knows no priorities', () => {
  const features = reference.accountFeatures.filter((feature) => feature !== 'tigase:push:priority:0');
  assert.ok(!writeEnable(siskin, request, features).includes('<encrypt'));
});

test('enabling - Stork asks for nothing, and nobody anything of ejabberd', () => {
  const plain = `<enable xmlns='urn:xmpp:push:0' jid='push.example.com' node='N'/>`;
  assert.equal(writeEnable(stork, request, reference.accountFeatures), plain);
  assert.equal(writeEnable(siskin, request, ejabberd.accountFeatures), plain);
});

const enable = (inside: string, attributes = `jid='push.example.com' node='N'`) =>
  `<enable xmlns='urn:xmpp:push:0' ${attributes}>${inside}</enable>`;
const encrypt = (attributes: string, text = 'AAECAwQFBgcICQoLDA0ODw==') =>
  `<encrypt xmlns='tigase:push:encrypt:0' ${attributes}>${text}</encrypt>`;

function apply(xml: string, devices: EnabledDevices = new Map(), flavour: Flavour = reference) {
  return { answer: applyPushRequest(devices, parse(xml), flavour), device: devices.get('push.example.com<N') };
}

test('enabling - sealing takes key and size, white space around the key and all', () => {
  const { answer, device } = apply(
    enable(encrypt(`alg='aes-128-gcm' max-size='3072'`, '\n  AAECAwQFBgcICQoLDA0ODw==\n')),
  );
  assert.deepEqual(answer, { kind: 'result' });
  assert.deepEqual(device?.sealing, { key, maxSizeBytes: 3072 });
});

test('enabling - the size is optional', () => {
  assert.deepEqual(apply(enable(encrypt(`alg='aes-128-gcm'`))).device?.sealing, { key });
});

const refusals: readonly [name: string, xml: string, condition: string][] = [
  ['no address', enable('', ''), 'bad-request'],
  ['another algorithm', enable(encrypt(`alg='aes-256-gcm'`)), 'feature-not-implemented'],
  ['the name of the OMEMO example', enable(encrypt(`alg='aes-gcm'`)), 'feature-not-implemented'],
  ['no algorithm', enable(encrypt('')), 'feature-not-implemented'],
  ['a key that is too long', enable(encrypt(`alg='aes-128-gcm'`, 'AAECAwQFBgcICQoLDA0ODxA=')), 'bad-request'],
  ['a key that is no base64', enable(encrypt(`alg='aes-128-gcm'`, '!!!')), 'bad-request'],
  ['no key', enable(encrypt(`alg='aes-128-gcm'`, '')), 'bad-request'],
  ['a size in words', enable(encrypt(`alg='aes-128-gcm' max-size='much'`)), 'bad-request'],
  ['a size of nothing', enable(encrypt(`alg='aes-128-gcm' max-size='0'`)), 'bad-request'],
];
for (const [name, xml, condition] of refusals) {
  test(`enabling - ${name} is refused with ${condition}`, () => {
    const { answer, device } = apply(xml);
    assert.deepEqual(answer, { kind: 'error', type: 'modify', condition });
    assert.equal(device, undefined);
  });
}

test('enabling - a refused request leaves what was enabled before', () => {
  const devices: EnabledDevices = new Map();
  apply(enable(encrypt(`alg='aes-128-gcm'`)), devices);
  assert.ok(apply(enable(encrypt(`alg='rot13'`)), devices).device?.sealing);
});

test('enabling - enabling again without encrypt ends sealing (example 5)', () => {
  const devices: EnabledDevices = new Map();
  apply(enable(encrypt(`alg='aes-128-gcm'`)), devices);
  const { device } = apply(`<enable xmlns='urn:xmpp:push:0' jid='push.example.com' node='N'/>`, devices);
  assert.equal(device?.sealing, undefined);
  assert.equal(devices.size, 1);
});

test('enabling - disable ends one node, or without node all of the component', () => {
  const devices: EnabledDevices = new Map();
  for (const node of ['N', 'M']) apply(enable('', `jid='push.example.com' node='${node}'`), devices);
  apply(enable('', `jid='other.example.com' node='N'`), devices);
  apply(`<disable xmlns='urn:xmpp:push:0' jid='push.example.com' node='N'/>`, devices);
  assert.deepEqual([...devices.keys()], ['push.example.com<M', 'other.example.com<N']);
  apply(`<disable xmlns='urn:xmpp:push:0' jid='push.example.com'/>`, devices);
  assert.deepEqual([...devices.keys()], ['other.example.com<N']);
});

test('enabling - publish-options are kept as they came', () => {
  const form =
    `<x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE" type="hidden">` +
    `<value>http://jabber.org/protocol/pubsub#publish-options</value></field>` +
    `<field var="secret"><value>eruio234vzxc2kla-91</value></field></x>`;
  assert.equal(apply(enable(form)).device?.publishOptions, form);
});

test('enabling - ejabberd ignores encrypt and demands a node', () => {
  const { answer, device } = apply(enable(encrypt(`alg='rot13'`)), new Map(), ejabberd);
  assert.deepEqual([answer.kind, device?.sealing], ['result', undefined]);
  assert.deepEqual(apply(enable('', `jid='push.example.com'`), new Map(), ejabberd).answer, {
    kind: 'error',
    type: 'cancel',
    condition: 'feature-not-implemented',
  });
  assert.equal(apply(enable('', `jid='push.example.com'`), new Map(), prosody13).answer.kind, 'result');
});

test('enabling - Prosody keeps the five newest devices', () => {
  const devices: EnabledDevices = new Map();
  for (const node of ['1', '2', '3', '4', '5', '1', '6'])
    apply(enable('', `jid='p.example' node='${node}'`), devices, prosody13);
  assert.deepEqual(
    [...devices.values()].map((device) => device.node),
    ['3', '4', '5', '1', '6'],
  );
});
