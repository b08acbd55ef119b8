import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readComponentStream } from '../../../src/harness/server/component-stream.ts';

function read(pieces: readonly Buffer[]): string[] {
  const seen: string[] = [];
  const take = readComponentStream({
    onHeader: (attributes) => seen.push(`header to ${attributes['to']}`),
    onStanza: (stanza) => seen.push(stanza.toString()),
    onEnd: () => seen.push('end'),
    onError: (condition) => seen.push(condition),
  });
  for (const piece of pieces) take(piece);
  return seen;
}

const stream = Buffer.from(
  `\n<?xml version='1.0'?> <stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' ` +
    `to='push.example.com'>\n<handshake>ab</handshake> <message to='grüße@example.com'><body>你好 🌹 &lt;</body></message>` +
    `<iq/></stream:stream>`,
);
const expected = [
  'header to push.example.com',
  '<handshake>ab</handshake>',
  '<message to="grüße@example.com"><body>你好 🌹 &lt;</body></message>',
  '<iq/>',
  'end',
];

test('component stream - the same is read in one piece and byte by byte', () => {
  assert.deepEqual(read([stream]), expected);
  assert.deepEqual(read([...stream].map((byte) => Buffer.from([byte]))), expected);
});

test('component stream - the same is read wherever it is parted', () => {
  for (let at = 1; at < stream.length; at += 1) {
    assert.deepEqual(read([stream.subarray(0, at), stream.subarray(at)]), expected, `parted at ${at}`);
  }
});

test('component stream - nothing is read after an error', () => {
  assert.deepEqual(read([Buffer.from(`<stream to='a'><a></b>`), Buffer.from('<c/>')]), [
    'header to a',
    'not-well-formed',
  ]);
});
