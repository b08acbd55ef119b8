import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createElement, type Element, equal, parse } from 'ltx';
import type { ServerEvent } from '../../../src/harness/server/event.ts';
import { openSealed } from '../../../src/harness/sealing/opening.ts';
import { createPublishId } from '../../../src/harness/server/publish-id.ts';
import { writePublish } from '../../../src/harness/server/publish-stanza.ts';
import * as servers from '../../../src/harness/server/server-flavours.ts';
import { manualClock } from '../../support/clock.ts';

const key = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const sealed = { key };
const zeros = (size: number) => new Uint8Array(size);
const device = { jid: 'push.example.com', node: 'N', wantsPriority: true };
const juliet = 'juliet@capulet.example/balcony';

function write(flavour: servers.Flavour, event: ServerEvent, options: { unread?: number; device?: object } = {}) {
  const { unread = 1 } = options;
  return writePublish({
    flavour,
    domain: 'example.com',
    account: 'romeo@example.com',
    device: { ...device, ...options.device },
    event,
    unread,
    id: 'n12',
    randomBytes: zeros,
  });
}

const inside = (content: string, from = 'example.com') =>
  `<iq type='set' from='${from}' to='push.example.com' id='n12'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
  `<publish node='N'><item>${content}</item></publish></pubsub></iq>`;
const notification = (content: string, from?: string) =>
  inside(`<notification xmlns='urn:xmpp:push:0'>${content}</notification>`, from);

/** The ciphertext of a text under the key and an IV of zeros, by the other half of the harness. */
function ciphertextOf(xml: string): string {
  return /<encrypted [^>]*>([^<]*)</.exec(xml)?.[1] ?? '';
}

const sealedRows: readonly [
  name: string,
  flavour: servers.Flavour,
  event: ServerEvent,
  json: string,
  around: (ciphertext: string) => string,
][] = [
  [
    'a message, to the letter of example 7',
    servers.reference,
    { kind: 'message', from: juliet, body: 'Wherefore art thou, Romeo?' },
    '{"unread":1,"sender":"juliet@capulet.example","type":"chat","message":"Wherefore art thou, Romeo?"}',
    (text) =>
      `<encrypted xmlns='tigase:push:encrypt:0' iv='AAAAAAAAAAAAAAAA'>${text}</encrypted>` +
      `<priority xmlns='tigase:push:priority:0'>high</priority>`,
  ],
  [
    'a call, marked as such',
    servers.reference,
    { kind: 'call-offer', from: juliet, sid: 's1', media: ['audio'] },
    '{"unread":1,"sender":"juliet@capulet.example/balcony","type":"call","sid":"s1","media":["audio"]}',
    (text) =>
      `<encrypted xmlns='tigase:push:encrypt:0' type='voip' iv='AAAAAAAAAAAAAAAA'>${text}</encrypted>` +
      `<priority xmlns='tigase:push:priority:0'>high</priority>`,
  ],
  [
    'the end of a call, of low priority',
    servers.tigase,
    { kind: 'call-end', from: juliet, sid: 's1' },
    '{"unread":1,"sender":"juliet@capulet.example/balcony","type":"call","sid":"s1"}',
    (text) =>
      `<encrypted xmlns='tigase:push:encrypt:0' type='voip' iv='AAAAAAAAAAAAAAAA'>${text}</encrypted>` +
      `<jingle xmlns='tigase:push:jingle:0' action='retract' sid='s1'></jingle>` +
      `<priority xmlns='tigase:push:priority:0'>low</priority>`,
  ],
  [
    'the end of a call from Prosody, neither marked nor prioritized',
    servers.prosody13,
    { kind: 'call-end', from: juliet, sid: 's1' },
    '{"unread":1,"sender":"juliet@capulet.example/balcony","type":"call","sid":"s1"}',
    (text) => `<encrypted xmlns='tigase:push:encrypt:0' iv='AAAAAAAAAAAAAAAA'>${text}</encrypted>`,
  ],
  [
    'group chat from Tigase, the nickname in clear beside it',
    servers.tigase,
    {
      kind: 'groupchat',
      room: 'coven@chat.example',
      nickname: 'First <Witch>',
      body: 'When shall we three meet again?',
    },
    '{"unread":1,"sender":"coven@chat.example","type":"groupchat","message":"When shall we three meet again?","nickname":"First <Witch>"}',
    (text) =>
      `<encrypted xmlns='tigase:push:encrypt:0' iv='AAAAAAAAAAAAAAAA'>${text}</encrypted>` +
      `<groupchat xmlns='http://tigase.org/protocol/muc#offline'><nickname>First &lt;Witch&gt;</nickname></groupchat>` +
      `<priority xmlns='tigase:push:priority:0'>high</priority>`,
  ],
];
for (const [name, flavour, event, json, around] of sealedRows) {
  test(`publish - ${name}`, () => {
    const publish = write(flavour, event, { device: { sealing: sealed } });
    const ciphertext = ciphertextOf(publish.xml);
    assert.equal(publish.xml, notification(around(ciphertext), publish.from));
    assert.deepEqual(openSealed({ ciphertext, iv: 'AAAAAAAAAAAAAAAA' }, key), { opened: true, text: json });
  });
}

test('publish - Tigase publishes from a resource of 64 hex digits, the same for a node', () => {
  const { from } = write(servers.tigase, { kind: 'read-elsewhere' });
  assert.match(from, /^example\.com\/[0-9a-f]{64}$/);
  assert.equal(write(servers.tigase, { kind: 'read-elsewhere' }).from, from);
  assert.notEqual(write(servers.tigase, { kind: 'read-elsewhere' }, { device: { node: 'M' } }).from, from);
});

const hidden = (type: string) =>
  `<x xmlns='jabber:x:data'${type}><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:push:summary</value></field>`;

const plainRows: readonly [name: string, flavour: servers.Flavour, event: ServerEvent, content: string][] = [
  [
    'messages read elsewhere, in clear even where sealing is on',
    servers.reference,
    { kind: 'read-elsewhere' },
    `${hidden('')}<field var='message-count'><value>0</value></field></x>`,
  ],
  [
    'a message from MongooseIM, with everything in it',
    servers.mongooseim,
    { kind: 'message', from: juliet, body: 'a < b & c' },
    `${hidden(` type='submit'`)}<field var='message-count'><value>3</value></field>` +
      `<field var='last-message-sender'><value>juliet@capulet.example</value></field>` +
      `<field var='last-message-body'><value>a &lt; b &amp; c</value></field></x>`,
  ],
];
for (const [name, flavour, event, content] of plainRows) {
  test(`publish - ${name}`, () => {
    const unread = event.kind === 'read-elsewhere' ? 0 : 3;
    assert.equal(
      write(flavour, event, { unread, device: { sealing: flavour.seals ? sealed : undefined } }).xml,
      notification(content),
    );
  });
}

/** What real servers sent for the same event; only id and addresses differ. */
const captured: readonly [file: string, flavour: servers.Flavour, event: ServerEvent][] = [
  ['prosody-13/plain-chat-short', servers.prosody13, { kind: 'message', from: 'alice@localhost/a', body: 'Hello Bob' }],
  [
    'prosody-13/plain-jmi-propose-call',
    servers.prosody13,
    { kind: 'call-offer', from: 'alice@localhost/a', sid: 's', media: [] },
  ],
  ['prosody-0.12/plain-no-body-receipt', servers.prosody012, { kind: 'receipt', from: 'alice@localhost/a' }],
  ['ejabberd-23/plain-chat-short', servers.ejabberd, { kind: 'message', from: 'alice@localhost/a', body: 'Hello Bob' }],
  ['ejabberd-23/plain-no-body-receipt', servers.ejabberd, { kind: 'receipt', from: 'alice@localhost/a' }],
];
for (const [file, flavour, event] of captured) {
  test(`publish - the summary is the one in the capture ${file}`, () => {
    const xml = readFileSync(new URL(`../../captures/${file}.xml`, import.meta.url), 'utf8');
    assert.ok(equal(notificationOf(parse(xml)), notificationOf(parse(write(flavour, event).xml))));
  });
}

test('publish - sealed stanzas have the shape of the capture prosody-13/enc-jmi-propose-call', () => {
  const xml = readFileSync(new URL('../../captures/prosody-13/enc-jmi-propose-call.xml', import.meta.url), 'utf8');
  const event = {
    kind: 'call-offer',
    from: 'alice@localhost/a',
    sid: 'a73sjjvkla37jfea',
    media: ['audio', 'video'],
  } as const;
  const ours = write(servers.prosody13, event, { device: { sealing: sealed } }).xml;
  const blank = (text: string) => text.replace(/iv='[^']*'>[^<]*</, `iv=''><`);
  assert.ok(equal(notificationOf(parse(blank(xml))), notificationOf(parse(blank(ours)))));
  const opened = (text: string) => {
    const [, iv = '', ciphertext = ''] = /iv='([^']*)'>([^<]*)</.exec(text) ?? [];
    const opening = openSealed({ ciphertext, iv }, key);
    return opening.opened ? (JSON.parse(opening.text) as unknown) : assert.fail(opening.reason);
  };
  assert.deepEqual(opened(ours), opened(xml));
});

function notificationOf(iq: Element): Element {
  return (
    iq.getChild('pubsub')?.getChild('publish')?.getChild('item')?.getChild('notification') ?? createElement('none')
  );
}

test('publish - Prosody cuts bodies at 255 bytes and does not look at max-size', () => {
  const body = `${'é'.repeat(127)}é rest`;
  const { sealed: result } = write(
    servers.prosody13,
    { kind: 'message', from: juliet, body },
    { device: { sealing: { key, maxSizeBytes: 100 } } },
  );
  assert.equal(result?.content.payload.message, 'é'.repeat(127));
  assert.equal(result.content.bodyCut, true);
});

test('publish - a body of letters of three bytes that just fits is whole', () => {
  const event = { kind: 'message', from: juliet, body: '你'.repeat(85) } as const;
  const { sealed: result } = write(servers.prosody13, event, { device: { sealing: sealed } });
  assert.equal(result?.content.payload.message, event.body);
  assert.equal(result.content.bodyCut, false);
});

test('publish - Tigase counts the body alone, so that escapes lead above max-size', () => {
  const body = '"'.repeat(4000);
  const { sealed: result } = write(
    servers.tigase,
    { kind: 'message', from: juliet, body },
    { device: { sealing: { key, maxSizeBytes: 1000 } } },
  );
  assert.equal(result?.content.payload.message?.length, 702);
  assert.ok(result.seal.ciphertext.length > 1000);
});

test('publish - the reference stays within max-size', () => {
  const body = '"'.repeat(4000);
  const { sealed: result } = write(
    servers.reference,
    { kind: 'message', from: juliet, body },
    { device: { sealing: { key, maxSizeBytes: 1000 } } },
  );
  assert.ok(result && result.seal.ciphertext.length <= 1000 && result.seal.ciphertext.length > 990);
});

test('publish - Debian Prosody writes sixteen NUL bytes for the tag', () => {
  const { sealed: result } = write(
    servers.prosody012,
    { kind: 'receipt', from: juliet },
    { device: { sealing: sealed } },
  );
  assert.ok(result);
  assert.equal(Buffer.from(result.seal.ciphertext, 'base64').subarray(-16).toString('hex'), '0'.repeat(32));
});

test('publish - OMEMO data goes along for the device that asked for it', () => {
  const omemo =
    `<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='27183'><key rid='1325'>QUJD</key><iv>REVG</iv></header>` +
    `<payload>R0hJ</payload></encrypted>`;
  const event = { kind: 'message', from: juliet, body: 'Encrypted message!', omemo } as const;
  const asked = write(servers.reference, event, { device: { sealing: sealed, omemoDevice: '1325' } });
  assert.equal(
    asked.sealed?.content.json,
    '{"unread":1,"sender":"juliet@capulet.example","type":"chat","message":"Encrypted message!",' +
      '"omemo":{"keys":["QUJD"],"sid":"27183","iv":"REVG","data":"R0hJ"}}',
  );
  const unasked = write(servers.reference, event, { device: { sealing: sealed } });
  assert.equal(unasked.sealed?.content.payload.omemo, undefined);
});

test('publish - publish-options go along, a missing node stays missing', () => {
  const options = `<x xmlns="jabber:x:data" type="submit"/>`;
  const { xml } = write(
    servers.ejabberd,
    { kind: 'receipt', from: juliet },
    { device: { publishOptions: options, node: undefined } },
  );
  assert.equal(
    xml,
    `<iq type='set' from='example.com' to='push.example.com' id='n12'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
      `<publish><item><notification xmlns='urn:xmpp:push:0'/></item></publish>` +
      `<publish-options><x xmlns="jabber:x:data" type="submit"/></publish-options></pubsub></iq>`,
  );
});

test('publish - ids look like the ones of each server', () => {
  const parts = { clock: manualClock(1_795_290_737_742), randomBytes: zeros };
  assert.equal(createPublishId('hex', parts), '0'.repeat(64));
  assert.equal(createPublishId('uuid', parts), '00000000-0000-4000-8000-000000000000');
  assert.equal(createPublishId('ejabberd', parts), 'rr-1795290737742-0-AAAAAAAAAAAAAAAAAAAAAAAAAAA=-0');
});
