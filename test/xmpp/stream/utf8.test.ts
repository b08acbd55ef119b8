import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createDecoder } from '../../../src/xmpp/stream/utf8.ts';

it('utf8 - the buffer of a decoded packet may be reused', () => {
  const decode = createDecoder();
  const packet = Buffer.from([0x61, 0xf0, 0x9f]);
  assert.deepEqual(decode(packet), { text: 'a', ascii: true });
  packet.set([0x98, 0x80, 0x62]);
  assert.deepEqual(decode(packet), { text: '\u{1F600}b', ascii: false });
});

it('utf8 - invalid UTF-8 becomes U+FFFF, one for each part that could have started a character', () => {
  const rows: [readonly number[], string][] = [
    [[0x61, 0xff, 0x62], 'a\uffffb'],
    [[0xc3, 0x28], '\uffff('],
    [[0xc0, 0xbc, 0x3c], '\uffff\uffff<'],
    [[0xf0, 0x9f, 0x98, 0x3c], '\uffff<'],
    [[0xef, 0xbf, 0xbd, 0x80, 0xef, 0xbf, 0xbd], '\ufffd\uffff\ufffd'],
    [[0x80, 0xc3, 0xa4], '\uffffä'],
  ];
  for (const [bytes, text] of rows) {
    assert.equal(createDecoder()(Uint8Array.from(bytes)).text, text);
    const decode = createDecoder();
    assert.equal(bytes.map((byte) => decode(Uint8Array.of(byte)).text).join(''), text, 'byte by byte');
  }
});

it('utf8 - line ends are made uniform, even if a packet ends between their characters', () => {
  const decode = createDecoder();
  assert.deepEqual(
    ['1\r', '\n2\r\n3\r', '4\n'].map((packet) => decode(Buffer.from(packet)).text),
    ['1\n', '2\n3\n', '4\n'],
  );
});
