import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { childElements, type Element } from '../../../src/xmpp/stream/element.ts';
import { composePush as composeApnsPush } from '../../../src/providers/apns/payload.ts';
import { composePush as composeFcmPush } from '../../../src/providers/fcm/payload.ts';
import { fcmToken, pushOf, topic, wording } from '../../providers/fixtures.ts';
import { contentMax } from '../../../src/core/routing.ts';
import { sortStanza } from '../../../src/xmpp/services/iq.ts';
import { normaliseBase64, type ParsedPublish, parsePublish, TEXT_MAX } from '../../../src/xmpp/services/publish.ts';
import { parseStanza } from '../stream/parse-stanza.ts';

const captures = join(import.meta.dirname, '../../captures');

function parseIq(xml: string, publisher = 'example.org'): ParsedPublish {
  return parsePublish(childElements(parseStanza(xml))[0] as Element, publisher);
}

/** A publish with this content in its `<notification/>`. */
function publishOf(content: string, around = { item: 'item', options: '' }): string {
  return (
    "<iq type='set' id='1' from='example.org' to='push.example.org'><pubsub xmlns='http://jabber.org/protocol/pubsub'>" +
    `<publish node='n1'><${around.item}><notification xmlns='urn:xmpp:push:0'>${content}</notification></${around.item}>` +
    `</publish>${around.options}</pubsub></iq>`
  );
}

function contentOf(content: string): unknown {
  const parsed = parseIq(publishOf(content));
  return parsed.kind === 'notification' ? parsed.notification.content : parsed;
}

const encrypted = (ciphertext: string, attributes = "iv='mV0oxHfWpxZiwQcc'") =>
  `<encrypted xmlns='tigase:push:encrypt:0' ${attributes}>${ciphertext}</encrypted>`;

describe('publish - every capture of a real server', () => {
  const plain = { kind: 'summary' };
  const dummy = { kind: 'summary', body: 'New message' };
  const prosodyDummy = { kind: 'summary', messageCount: 1, body: 'New Message!' };
  const expected: Record<
    string,
    { node: string; content: object | 'sealed' | 'voip'; priority?: 'high'; secret?: string }
  > = {
    'ejabberd-23/plain-chat-omemo': { node: 'fc18a55e334a', content: dummy },
    'ejabberd-23/plain-chat-short': { node: 'fc18a55e334a', content: dummy },
    'ejabberd-23/plain-jmi-propose-call': { node: 'fc18a55e334a', content: plain },
    'ejabberd-23/plain-no-body-receipt': { node: 'fc18a55e334a', content: plain },
    'ejabberd-23/plain-pubopts-chat-short': { node: 'fc18a55e334a', content: dummy, secret: 'eruio234vzxc2kla-91' },
    'ejabberd-23/plain-smacks-groupchat': { node: 'fc18a55e334a', content: dummy },
    'ejabberd-23/plain-withbody-chat-long-6000': {
      node: 'n1',
      content: {
        kind: 'summary',
        sender: 'alice@localhost/a',
        body: 'Lorem ipsum dolor sit amet. '.repeat(300).slice(0, 6000),
      },
    },
    'prosody-0.12/enc-chat-short': { node: '13250b7f7f28', content: 'sealed', priority: 'high' },
    'prosody-0.12/enc-jmi-propose-call': { node: '13250b7f7f28', content: 'voip', priority: 'high' },
    'prosody-0.12/plain-chat-short': { node: '13250b7f7f28', content: prosodyDummy, priority: 'high' },
    'prosody-0.12/plain-no-body-receipt': { node: '13250b7f7f28', content: { kind: 'summary', messageCount: 1 } },
    'prosody-0.12/plain-withbody-chat-short': {
      node: 'n',
      content: { kind: 'summary', messageCount: 1, sender: 'alice@localhost/a', body: 'Hello Bob' },
      priority: 'high',
    },
    'prosody-13/enc-chat-emoji': { node: '2fc598b2b47a', content: 'sealed', priority: 'high' },
    'prosody-13/enc-chat-long-6000': { node: '2fc598b2b47a', content: 'sealed', priority: 'high' },
    'prosody-13/enc-chat-omemo': { node: '2fc598b2b47a', content: 'sealed', priority: 'high' },
    'prosody-13/enc-chat-short': { node: '2fc598b2b47a', content: 'sealed', priority: 'high' },
    'prosody-13/enc-chatstate': { node: '2fc598b2b47a', content: 'sealed' },
    'prosody-13/enc-jmi-propose-call': { node: '2fc598b2b47a', content: 'voip', priority: 'high' },
    'prosody-13/enc-no-body-receipt': { node: '2fc598b2b47a', content: 'sealed' },
    'prosody-13/encnoprio-chat-short': { node: '2fc598b2b47a', content: 'sealed', priority: 'high' },
    'prosody-13/localhost-groupchat-to-bare': { node: 'n', content: 'sealed', priority: 'high' },
    'prosody-13/localhost-smacks-presence-subscribe': { node: 'n', content: 'sealed' },
    'prosody-13/plain-chat-short': { node: '2fc598b2b47a', content: prosodyDummy, priority: 'high' },
    'prosody-13/plain-jmi-propose-call': { node: '2fc598b2b47a', content: prosodyDummy, priority: 'high' },
    'prosody-13/plain-pubopts-chat-short': {
      node: '2fc598b2b47a',
      content: prosodyDummy,
      priority: 'high',
      secret: 'eruio234vzxc2kla-91',
    },
  };

  for (const file of globSync('*/*.xml', { cwd: captures })) {
    const name = file.slice(0, -'.xml'.length);
    if (name.endsWith('register-device-request')) continue;
    it(`publish - ${name}`, () => {
      const xml = readFileSync(join(captures, file), 'utf8').trim();
      const row = expected[name];
      assert.ok(row, 'a capture without a row');
      const sorted = sortStanza(parseStanza(xml), 'push.localhost');
      assert.ok(sorted.kind === 'request');
      const { from, payload } = sorted.iq;
      const sealed = /<encrypted .*?iv='([^']*)'.*?>([^<]*)</.exec(xml);
      const content =
        typeof row.content === 'object'
          ? row.content
          : { kind: 'sealed', ciphertext: sealed?.[2], iv: sealed?.[1], voip: row.content === 'voip' };
      assert.deepEqual(parsePublish(payload, from), {
        kind: 'notification',
        notification: {
          node: row.node,
          publisher: 'localhost',
          content,
          ...(row.priority && { priority: row.priority }),
          ...(row.secret !== undefined && { secret: row.secret }),
        },
      });
    });
  }
});

describe('publish - ciphertext and iv', () => {
  const bytes = (count: number) => Buffer.alloc(count, 7).toString('base64');
  const iv = 'mV0oxHfWpxZiwQcc';
  const sealed = (ciphertext: string) => ({ kind: 'sealed', ciphertext, iv, voip: false });
  const fault = (word: string) => ({ kind: 'fault', fault: word });
  const rows: [string, string, object][] = [
    ['0 bytes', encrypted(''), fault('ciphertext-too-short')],
    ['15 bytes', encrypted(bytes(15)), fault('ciphertext-too-short')],
    ['16 bytes', encrypted(bytes(16)), fault('ciphertext-too-short')],
    ['17 bytes', encrypted(bytes(17)), sealed(bytes(17))],
    ['3 KB', encrypted(bytes(3_072)), sealed(bytes(3_072))],
    ['4 KB', encrypted(bytes(4_096)), sealed(bytes(4_096))],
    ['5 KB', encrypted(bytes(5_120)), sealed(bytes(5_120))],
    ['white space inside', encrypted(`\n   ${bytes(17).slice(0, 9)}\r\n\t ${bytes(17).slice(9)}\n`), sealed(bytes(17))],
    ['padding left out', encrypted(bytes(17).replace('=', '')), sealed(bytes(17))],
    ['a length that base64 cannot have', encrypted('A'.repeat(25)), fault('bad-ciphertext')],
    ['padding in the middle', encrypted(`AAAA====${bytes(17)}`), fault('bad-ciphertext')],
    ['three equals signs', encrypted(`${'A'.repeat(25)}===`), fault('bad-ciphertext')],
    ['the alphabet for URLs', encrypted('A_-A'.repeat(10)), fault('bad-ciphertext')],
    ['a child among the text', encrypted(`${bytes(18).slice(0, 8)}<x/>${bytes(18).slice(8)}`), sealed(bytes(18))],
    ['letters beyond ASCII', encrypted('AAAÄ'.repeat(10)), fault('bad-ciphertext')],
    ['no iv', encrypted(bytes(32), ''), fault('bad-iv')],
    ['an empty iv', encrypted(bytes(32), "iv=''"), fault('bad-iv')],
    ['an iv of spaces', encrypted(bytes(32), "iv=' '"), fault('bad-iv')],
    ['an iv that is no base64', encrypted(bytes(32), "iv='*'"), fault('bad-iv')],
    ['white space in the iv', encrypted(bytes(32), "iv=' mV0oxHfW\npxZiwQcc '"), sealed(bytes(32))],
    ['an unpadded iv', encrypted(bytes(32), "iv='AAA'"), { ...sealed(bytes(32)), iv: 'AAA=' }],
    ['a call', encrypted(bytes(32), `iv='${iv}' type='voip'`), { ...sealed(bytes(32)), voip: true }],
    ['an unknown type', encrypted(bytes(32), `iv='${iv}' type='smell'`), sealed(bytes(32))],
  ];
  for (const [name, content, expected] of rows) {
    it(`publish - ${name}`, () => assert.deepEqual(contentOf(content), expected));
  }

  it('publish - unsealed content beside sealed content is dropped', () => {
    const beside =
      "<x xmlns='jabber:x:data'><field var='last-message-body'><value>secret</value></field></x>" +
      "<groupchat xmlns='http://tigase.org/protocol/muc#offline'><nickname>thirdwitch</nickname></groupchat>" +
      "<jingle xmlns='tigase:push:jingle:0' action='propose' sid='1'><media>audio</media></jingle>" +
      "<priority xmlns='tigase:push:priority:0'>low</priority>";
    const parsed = parseIq(publishOf(beside + encrypted(bytes(32), `iv='${iv}' type='voip'`)));
    assert.deepEqual(parsed, {
      kind: 'notification',
      notification: {
        node: 'n1',
        publisher: 'example.org',
        priority: 'low',
        content: { kind: 'sealed', ciphertext: bytes(32), iv, voip: true },
      },
    });
  });

  it('publish - base64 is normalised for devices', () => {
    assert.equal(normaliseBase64(''), '');
    assert.equal(normaliseBase64('QQ'), 'QQ==');
    assert.equal(normaliseBase64('QQ='), 'QQ==');
    assert.equal(normaliseBase64(' Q Q = = '), 'QQ==');
    assert.equal(normaliseBase64('QUJD'), 'QUJD');
    assert.equal(normaliseBase64('QUJDR'), undefined);
    assert.equal(normaliseBase64('Q=Q='), undefined);
  });
});

describe('publish - summaries', () => {
  const form = (fields: string, attributes = '') => `<x xmlns='jabber:x:data'${attributes}>${fields}</x>`;
  const field = (name: string, value: string) => `<field var='${name}'><value>${value}</value></field>`;
  const formTypeField = field('FORM_TYPE', 'urn:xmpp:push:summary');
  const rows: [string, string, object][] = [
    ['an empty notification', '', {}],
    ['an empty form', form(''), {}],
    ['no type', form(formTypeField + field('message-count', '3')), { messageCount: 3 }],
    ['type form', form(formTypeField + field('message-count', '3'), " type='form'"), { messageCount: 3 }],
    ['no FORM_TYPE', form(field('message-count', '0')), { messageCount: 0 }],
    ['a form of another kind', form(field('FORM_TYPE', 'urn:example') + field('message-count', '3')), {}],
    [
      'the right form after another',
      form(field('FORM_TYPE', 'urn:x')) + form(field('last-message-body', 'b')),
      { body: 'b' },
    ],
    ['a count that is none', form(field('message-count', 'many') + field('last-message-body', 'b')), { body: 'b' }],
    ['a negative count', form(field('message-count', '-1')), {}],
    ['a count with spaces', form(field('message-count', ' 2\n')), { messageCount: 2 }],
    ['unknown fields', form(field('message-count', '1') + field('future', 'x') + '<future/>'), { messageCount: 1 }],
    ['fields without value', form("<field var='message-count'/><field var='last-message-body'><value/></field>"), {}],
    ['a field without name', form('<field><value>1</value></field>'), {}],
    [
      'entities in the body',
      form(field('last-message-body', '&lt;b&gt; &amp; &#x1F600;')),
      { body: '<b> & \u{1F600}' },
    ],
    [
      'a nickname beside the form',
      form(field('last-message-sender', 'room@muc.example/n')) +
        "<groupchat xmlns='http://tigase.org/protocol/muc#offline'><nickname>thirdwitch</nickname></groupchat>",
      { sender: 'room@muc.example/n', nickname: 'thirdwitch' },
    ],
  ];
  for (const [name, content, expected] of rows) {
    it(`publish - ${name}`, () => assert.deepEqual(contentOf(content), { kind: 'summary', ...expected }));
  }

  it('publish - of a text too long for every provider, enough is kept to be too long', () => {
    const long = 'x'.repeat(TEXT_MAX + 1);
    const kept = long.slice(1);
    const content =
      form(field('last-message-sender', long) + field('last-message-body', long)) +
      `<groupchat xmlns='http://tigase.org/protocol/muc#offline'><nickname>${long}</nickname></groupchat>`;
    assert.deepEqual(contentOf(content), { kind: 'summary', sender: kept, body: kept, nickname: kept });
    for (const name of ['sender', 'body', 'nickname']) {
      const push = pushOf({ kind: 'alert', content: { kind: 'summary', [name]: kept } });
      for (const composed of [composeApnsPush(push, { ...wording, topic }), composeFcmPush(push, fcmToken, {}, 0)]) {
        assert.equal(composed.kind === 'request' && composed.oversize, true, name);
      }
    }
  });
});

describe('publish - a ciphertext too long for every provider', () => {
  const long = 'QUFB'.repeat(15_000);
  const rows: [string, string][] = [
    ['without white space', long],
    ['in lines', long.replace(/.{76}/g, '$&\n')],
    ['in lines, one character longer than what is kept', long.slice(0, TEXT_MAX).replace(/.{76}/g, '$&\n')],
  ];
  for (const [name, ciphertext] of rows) {
    it(`publish - ${name}: enough is kept to be too long`, () => {
      const content = contentOf(encrypted(ciphertext)) as { kind: string; ciphertext: string };
      assert.equal(content.kind, 'sealed');
      assert.equal(content.ciphertext, long.slice(0, TEXT_MAX));
      assert.equal(TEXT_MAX % 4, 0);
      assert.ok(TEXT_MAX > contentMax);
    });
  }

  it('publish - what is kept of it is checked', () => {
    assert.deepEqual(contentOf(encrypted(`!${long}`)), { kind: 'fault', fault: 'bad-ciphertext' });
  });
});

describe('publish - around the notification', () => {
  it('publish - an item may have an id and the publisher a resource', () => {
    const parsed = parseIq(publishOf('').replace('<item>', "<item id='current'>"), 'example.org/0a1b2c');
    assert.ok(parsed.kind === 'notification');
    assert.equal(parsed.notification.publisher, 'example.org/0a1b2c');
  });

  it('publish - of several items the last counts', () => {
    const two = publishOf(encrypted(Buffer.alloc(20).toString('base64'))).replace(
      '</publish>',
      "<item><notification xmlns='urn:xmpp:push:0'/></item><item/></publish>",
    );
    const parsed = parseIq(two);
    assert.ok(parsed.kind === 'notification');
    assert.deepEqual(parsed.notification.content, { kind: 'summary' });
  });

  it('publish - an unknown priority counts as none', () => {
    for (const [written, priority] of [
      ['high', 'high'],
      [' low\n', 'low'],
      ['HIGH', undefined],
      ['', undefined],
    ]) {
      const parsed = parseIq(publishOf(`<priority xmlns='tigase:push:priority:0'>${written}</priority>`));
      assert.ok(parsed.kind === 'notification');
      assert.equal(parsed.notification.priority, priority);
    }
  });

  it('publish - of the publish-options secret and pushModule are read, the rest is ignored', () => {
    const options =
      "<publish-options><x xmlns='jabber:x:data' type='submit'>" +
      "<field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#publish-options</value></field>" +
      "<field var='pushModule'><value>monalProdiOS</value></field><field var='secret'><value>s&amp;p</value></field>" +
      "<field var='endpoint'><value>https://example.org/</value></field></x></publish-options>";
    const parsed = parseIq(publishOf('', { item: 'item', options }));
    assert.ok(parsed.kind === 'notification');
    assert.equal(parsed.notification.pushModule, 'monalProdiOS');
    assert.equal(parsed.notification.secret, 's&p');
  });

  it('publish - options may be empty', () => {
    for (const options of ['<publish-options/>', "<publish-options><x xmlns='jabber:x:data'/></publish-options>"]) {
      assert.equal(parseIq(publishOf('', { item: 'item', options })).kind, 'notification');
    }
  });

  it('publish - faults are told apart', () => {
    const pubsub = (content: string) =>
      `<iq type='set' id='1'><pubsub xmlns='http://jabber.org/protocol/pubsub'>${content}</pubsub></iq>`;
    const rows: [string, object][] = [
      ['', { kind: 'not-a-publish' }],
      ["<subscribe node='n' jid='a@b'/>", { kind: 'not-a-publish' }],
      ["<publish xmlns='urn:example' node='n'/>", { kind: 'not-a-publish' }],
      ["<publish><item><notification xmlns='urn:xmpp:push:0'/></item></publish>", { kind: 'fault', fault: 'no-node' }],
      ["<publish node=''/>", { kind: 'fault', fault: 'no-node' }],
      ["<publish node='n'/>", { kind: 'fault', fault: 'no-notification' }],
      ["<publish node='n'><item/></publish>", { kind: 'fault', fault: 'no-notification' }],
      ["<publish node='n'><item><entry xmlns='x'/></item></publish>", { kind: 'fault', fault: 'no-notification' }],
    ];
    for (const [content, expected] of rows) assert.deepEqual(parseIq(pubsub(content)), expected, content);
  });
});
