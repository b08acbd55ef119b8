import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'ltx';
import { openSealed } from '../../../src/harness/sealing/opening.ts';
import { seal, sealedSize } from '../../../src/harness/sealing/sealing.ts';

const key = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const captures = new URL('../../captures/', import.meta.url);

interface Decrypted {
  readonly type_attr: string | null;
  readonly tag_ok: boolean;
  readonly plaintext: string;
}

for (const server of ['prosody-13', 'prosody-0.12']) {
  const names = readdirSync(new URL(server, captures)).filter((name) => name.endsWith('.decrypted.json'));
  test(`opening - there are captures of ${server} to open`, () => assert.ok(names.length >= 2));
  for (const name of names) {
    test(`opening - ${server}/${name} is what the captured stanza opens to`, () => {
      const expected = JSON.parse(readFileSync(new URL(`${server}/${name}`, captures), 'utf8')) as Decrypted;
      const xml = readFileSync(new URL(`${server}/${name.replace('.decrypted.json', '.xml')}`, captures), 'utf8');
      const encrypted = parse(xml)
        .getChild('pubsub')
        ?.getChild('publish')
        ?.getChild('item')
        ?.getChild('notification')
        ?.getChild('encrypted');
      assert.ok(encrypted);
      const sealed = { ciphertext: encrypted.getText(), iv: String(encrypted.attrs['iv']) };
      const tolerant = openSealed(sealed, key, { tag: 'ignore' });
      const strict = openSealed(sealed, key);
      assert.deepEqual(tolerant, { opened: true, text: expected.plaintext });
      assert.deepEqual(
        strict,
        expected.tag_ok ? { opened: true, text: expected.plaintext } : { opened: false, reason: 'bad-tag' },
      );
      assert.equal(encrypted.attrs['type'] ?? null, expected.type_attr);
    });
  }
}

test('sealing - a fixed key, IV and text give the known ciphertext with its tag', () => {
  // NIST, "The Galois/Counter Mode of Operation", test case 2: sixteen zero bytes under a zero key and a zero IV.
  const sealed = seal(new Uint8Array(16), new Uint8Array(16), (size) => new Uint8Array(size));
  assert.equal(
    Buffer.from(sealed.ciphertext, 'base64').toString('hex'),
    '0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf',
  );
  assert.equal(sealed.iv, 'AAAAAAAAAAAAAAAA');
});

test('sealing - every payload gets an IV of its own', () => {
  assert.notEqual(seal('a', key, randomBytes).iv, seal('a', key, randomBytes).iv);
});

test('sealing - a key of another length is refused', () => {
  assert.throws(() => seal('a', key.subarray(1), randomBytes), RangeError);
});

test('sealing - the stated size is the size', () => {
  for (let length = 0; length < 50; length += 1) {
    assert.equal(seal('x'.repeat(length), key, randomBytes).ciphertext.length, sealedSize(length));
  }
});

test('opening - text of any script survives', () => {
  const text = '{"message":"Grüße 👩‍👩‍👧‍👦 — 你好 \\u0000 \ufeff"}';
  assert.deepEqual(openSealed(seal(text, key, randomBytes), key), { opened: true, text });
});

const sealed = seal('Wherefore art thou Romeo?', key, (size) => new Uint8Array(size).fill(7));

const refused: readonly [name: string, sealed: typeof sealed, key: Uint8Array, reason: string][] = [
  ['a line break inside base64', { ...sealed, ciphertext: `${sealed.ciphertext}\n` }, key, 'bad-base64'],
  ['a space before base64', { ...sealed, ciphertext: ` ${sealed.ciphertext}` }, key, 'bad-base64'],
  ['base64 without its padding', { ...sealed, ciphertext: sealed.ciphertext.replace(/=+$/, '') }, key, 'bad-base64'],
  ['the alphabet of URLs', { ...sealed, ciphertext: `_${sealed.ciphertext.slice(1)}` }, key, 'bad-base64'],
  ['white space in the IV', { ...sealed, iv: `${sealed.iv} ` }, key, 'bad-base64'],
  ['no IV', { ...sealed, iv: '' }, key, 'empty-iv'],
  ['nothing at all', { ...sealed, ciphertext: '' }, key, 'too-short'],
  ['fifteen bytes', { ...sealed, ciphertext: Buffer.alloc(15).toString('base64') }, key, 'too-short'],
  ['sixteen bytes', { ...sealed, ciphertext: Buffer.alloc(16).toString('base64') }, key, 'too-short'],
  ['seventeen bytes of nothing', { ...sealed, ciphertext: Buffer.alloc(17).toString('base64') }, key, 'bad-tag'],
  ['a key of fifteen bytes', sealed, key.subarray(1), 'bad-key'],
  ['another key', sealed, Buffer.alloc(16), 'bad-tag'],
  ['another IV', { ...sealed, iv: 'AAAAAAAAAAAAAAAA' }, key, 'bad-tag'],
];
for (const [name, broken, brokenKey, reason] of refused) {
  test(`opening - ${name} is refused`, () => {
    assert.deepEqual(openSealed(broken, brokenKey), { opened: false, reason });
  });
}

test('opening - what is no UTF-8 is refused, tag or no tag', () => {
  const bytes = seal(Uint8Array.of(0x7b, 0xff, 0x7d), key, randomBytes);
  assert.deepEqual(openSealed(bytes, key), { opened: false, reason: 'bad-utf8' });
  assert.deepEqual(openSealed(bytes, key, { tag: 'ignore' }), { opened: false, reason: 'bad-utf8' });
});

test('opening - megabytes are as good as bytes', () => {
  const text = 'x'.repeat(20 * 1024 * 1024);
  const opening = openSealed(seal(text, key, randomBytes), key);
  assert.ok(opening.opened && opening.text === text);
});

test('opening - one flipped bit is refused, but read by clients that look at no tag', () => {
  const bytes = Buffer.from(sealed.ciphertext, 'base64');
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  const flipped = { ...sealed, ciphertext: bytes.toString('base64') };
  assert.deepEqual(openSealed(flipped, key), { opened: false, reason: 'bad-tag' });
  assert.deepEqual(openSealed(flipped, key, { tag: 'ignore' }), { opened: true, text: 'Vherefore art thou Romeo?' });
});

test('opening - sixteen NUL bytes in place of the tag open only for clients that look at no tag', () => {
  const zero = seal('hello', key, randomBytes, { tag: 'zero' });
  assert.equal(Buffer.from(zero.ciphertext, 'base64').subarray(-16).toString('hex'), '0'.repeat(32));
  assert.deepEqual(openSealed(zero, key), { opened: false, reason: 'bad-tag' });
  assert.deepEqual(openSealed(zero, key, { tag: 'ignore' }), { opened: true, text: 'hello' });
});
