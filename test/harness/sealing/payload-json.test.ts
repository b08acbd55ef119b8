import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerEvent } from '../../../src/harness/server/event.ts';
import { describeEvent, fitPayload, wholeCodePoints } from '../../../src/harness/sealing/payload-json.ts';
import { sealedSize } from '../../../src/harness/sealing/sealing.ts';

const rows: readonly [name: string, event: ServerEvent, json: string][] = [
  [
    'a message (example 6)',
    { kind: 'message', from: 'juliet@capulet.example/balcony', body: 'Wherefore art thou, Romeo?' },
    '{"unread":1,"sender":"juliet@capulet.example","type":"chat","message":"Wherefore art thou, Romeo?"}',
  ],
  [
    'a group chat message, with who wrote it',
    { kind: 'groupchat', room: 'coven@chat.example', nickname: 'Third "Witch"', body: "Harpier cries: 'tis time" },
    '{"unread":1,"sender":"coven@chat.example","type":"groupchat","message":"Harpier cries: \'tis time","nickname":"Third \\"Witch\\""}',
  ],
  [
    'a subscription request',
    { kind: 'subscription', from: 'paris@example.org/home' },
    '{"unread":1,"sender":"paris@example.org","type":"subscribe"}',
  ],
  [
    'a call, with the full JID of the caller',
    { kind: 'call-offer', from: 'juliet@capulet.example/balcony', sid: 'a73sjjvkla37jfea', media: ['audio', 'video'] },
    '{"unread":1,"sender":"juliet@capulet.example/balcony","type":"call","sid":"a73sjjvkla37jfea","media":["audio","video"]}',
  ],
  [
    'the end of a call, without media',
    { kind: 'call-end', from: 'juliet@capulet.example/balcony', sid: 'a73sjjvkla37jfea' },
    '{"unread":1,"sender":"juliet@capulet.example/balcony","type":"call","sid":"a73sjjvkla37jfea"}',
  ],
  [
    'a receipt',
    { kind: 'receipt', from: 'juliet@capulet.example/balcony' },
    '{"unread":1,"sender":"juliet@capulet.example","type":"chat"}',
  ],
];
for (const [name, event, json] of rows) {
  test(`payload - ${name}`, () => {
    const payload = describeEvent(event, 1);
    assert.ok(payload);
    assert.deepEqual(fitPayload(payload), { json, payload, fits: true, bodyCut: false, omemoDropped: false });
  });
}

test('payload - that messages were read elsewhere has no sealed form', () => {
  assert.equal(describeEvent({ kind: 'read-elsewhere' }, 0), undefined);
});

const bodies: readonly [name: string, body: string][] = [
  ['ASCII', 'abcdefghij'.repeat(60)],
  ['quotes and backslashes, which double', '"\\'.repeat(300)],
  ['control characters, which grow sixfold', '\u0001\u001f'.repeat(300)],
  ['two bytes a letter', 'ßüöä'.repeat(150)],
  ['three bytes a letter', '你好世界'.repeat(150)],
  ['surrogate pairs', '👋🏽🚀'.repeat(100)],
  ['surrogate pairs off the even index', `x${'🚀'.repeat(300)}`],
  ['a mixture', 'a"é你🚀\n'.repeat(100)],
];
for (const [name, body] of bodies) {
  test(`payload - a body of ${name} is cut to the longest beginning that fits`, () => {
    const payload = describeEvent({ kind: 'message', from: 'a@example.org/x', body }, 3);
    assert.ok(payload);
    for (let maxSize = 100; maxSize <= 1200; maxSize += 7) {
      const fitted = fitPayload(payload, maxSize);
      const message = fitted.payload.message ?? '';
      assert.equal(fitted.json, JSON.stringify(fitted.payload));
      assert.ok(sealedSize(Buffer.byteLength(fitted.json)) <= maxSize, `above ${maxSize}`);
      assert.equal(fitted.fits, true);
      assert.ok(body.startsWith(message) && message.isWellFormed());
      assert.equal(fitted.bodyCut, message !== body);
      if (message === body) continue;
      const next = message + String.fromCodePoint(body.codePointAt(message.length) ?? 0);
      const longer = JSON.stringify({ ...payload, message: next });
      assert.ok(sealedSize(Buffer.byteLength(longer)) > maxSize, `one more would have fitted into ${maxSize}`);
    }
  });
}

test('payload - a body of which nothing fits is left out, not empty', () => {
  const payload = describeEvent({ kind: 'message', from: 'a@example.org', body: 'hello' }, 1);
  assert.ok(payload);
  const bare = '{"unread":1,"sender":"a@example.org","type":"chat"}';
  const fitted = fitPayload(payload, sealedSize(bare.length));
  assert.equal(fitted.json, bare);
  assert.equal(fitted.fits, true);
});

test('payload - what a device needs is never given up, even if it does not fit', () => {
  const payload = describeEvent({ kind: 'groupchat', room: 'r@muc.example', nickname: 'n', body: 'hello' }, 1);
  assert.ok(payload);
  const fitted = fitPayload(payload, 40);
  assert.equal(fitted.json, '{"unread":1,"sender":"r@muc.example","type":"groupchat","nickname":"n"}');
  assert.equal(fitted.fits, false);
});

const omemo = { keys: ['QUJD'.repeat(20)], sid: '27183', iv: 'QUJDREVGR0hJSktM', data: 'QUJD'.repeat(100) };

test('payload - OMEMO data outlasts the readable body', () => {
  const payload = describeEvent(
    { kind: 'message', from: 'a@example.org', body: 'No OMEMO here. '.repeat(50) },
    1,
    omemo,
  );
  assert.ok(payload);
  const fitted = fitPayload(payload, 1000);
  assert.deepEqual(fitted.payload.omemo, omemo);
  assert.deepEqual([fitted.fits, fitted.bodyCut, fitted.omemoDropped], [true, true, false]);
});

test('payload - OMEMO data that cannot fit is dropped whole, and the body is back', () => {
  const payload = describeEvent({ kind: 'message', from: 'a@example.org', body: 'Encrypted message!' }, 1, omemo);
  assert.ok(payload);
  const fitted = fitPayload(payload, 400);
  assert.equal(fitted.json, '{"unread":1,"sender":"a@example.org","type":"chat","message":"Encrypted message!"}');
  assert.deepEqual([fitted.fits, fitted.bodyCut, fitted.omemoDropped], [true, false, true]);
});

test('payload - a cut never parts a surrogate pair', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((length) => wholeCodePoints('a🚀b', length)),
    [0, 1, 1, 3, 4],
  );
});
