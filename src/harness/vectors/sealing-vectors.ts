/** Vectors of sealing and opening: `tigase:push:encrypt:0`, algorithm `aes-128-gcm`. */
import { openSealed } from '../sealing/opening.ts';
import { ivBytes, keyBytes, seal, tagBytes } from '../sealing/sealing.ts';
import { base64, bytesOf } from './bytes.ts';
import type { OpeningVector, SealingVector } from './format.ts';

const chat = '{"unread":1,"sender":"juliet@capulet.example","type":"chat","message":"Wherefore art thou, Romeo?"}';

/** Lengths around the block of AES, and characters of every length of UTF-8. */
const plaintexts: readonly [name: string, text: string][] = [
  ['the payload of the text', chat],
  ['one byte', '1'],
  ['a byte less than a block', 'x'.repeat(15)],
  ['a block', 'x'.repeat(16)],
  ['a byte more than a block', 'x'.repeat(17)],
  ['many blocks', 'The quick brown fox jumps over the lazy dog. '.repeat(40)],
  ['two bytes a character', '{"message":"Ich hätte gern Käse"}'],
  ['three bytes a character', '{"message":"何ぞ今更の事ならん"}'],
  ['four bytes a character', '{"message":"🌹🥀🌹"}'],
  ['a grapheme of many code points', '{"message":"👩‍👩‍👧‍👦 e\u0301"}'],
  ['escapes', '{"message":"line\\nfeed \\"quoted\\" back\\\\slash \\u0001"}'],
  ['a byte order mark', '\ufeff{}'],
];

export function sealingVectors(): SealingVector[] {
  const vectors = plaintexts.map(([name, text]) => sealingVector(name, text, ivBytes, 'valid'));
  return [
    ...vectors,
    sealingVector('an IV of sixteen bytes, which no server writes and every client reads', chat, 16, 'valid'),
    sealingVector('an IV of one byte', chat, 1, 'valid'),
    sealingVector('a server that cannot give the tag', chat, ivBytes, 'zero'),
    {
      ...sealingVector('key and IV of NUL bytes', chat, ivBytes, 'valid'),
      ...sealWith(chat, Buffer.alloc(16), Buffer.alloc(12), 'valid'),
    },
  ];
}

function sealingVector(name: string, plaintext: string, ivLength: number, tag: 'valid' | 'zero'): SealingVector {
  const key = bytesOf(`key of ${name}`, keyBytes);
  return { name, plaintext, tag, ...sealWith(plaintext, key, bytesOf(`iv of ${name}`, ivLength), tag) };
}

function sealWith(plaintext: string, key: Uint8Array, iv: Uint8Array, tag: 'valid' | 'zero') {
  return { key: base64(key), ...seal(plaintext, key, () => iv, { tag }) };
}

export function openingVectors(): OpeningVector[] {
  const key = bytesOf('key of opening', keyBytes);
  const iv = bytesOf('iv of opening', ivBytes);
  const sealed = seal(chat, key, () => iv);
  const bytes = Buffer.from(sealed.ciphertext, 'base64');
  const good = { key: base64(key), iv: sealed.iv, ciphertext: sealed.ciphertext, tag: 'verify' } as const;
  const flip = (index: number) => {
    const changed = Buffer.from(bytes);
    const at = index < 0 ? changed.length + index : index;
    changed[at] = (changed[at] ?? 0) ^ 1;
    return base64(changed);
  };
  const badUtf8 = seal(Buffer.from([0x22, 0xff, 0x22]), key, () => iv);
  const cut = Buffer.from('{"message":"🌹"}');
  const halfCharacter = seal(cut.subarray(0, 14), key, () => iv);

  const rows: readonly [name: string, changed: Partial<Omit<OpeningVector, 'name' | 'expected'>>][] = [
    ['as it was sealed', {}],
    ['a wrong tag', { ciphertext: flip(-1) }],
    ['a wrong tag for a reader who looks at none', { ciphertext: flip(-1), tag: 'ignore' }],
    ['a changed first byte', { ciphertext: flip(0) }],
    ['a tag of NUL bytes', { ciphertext: seal(chat, key, () => iv, { tag: 'zero' }).ciphertext }],
    [
      'a tag of NUL bytes for a reader who looks at none',
      { ciphertext: seal(chat, key, () => iv, { tag: 'zero' }).ciphertext, tag: 'ignore' },
    ],
    ['another key', { key: base64(bytesOf('another key', keyBytes)) }],
    ['another IV', { iv: base64(bytesOf('another iv', ivBytes)) }],
    ['a key of fifteen bytes', { key: base64(key.subarray(1)) }],
    ['a key of seventeen bytes', { key: base64(Buffer.concat([key, key.subarray(0, 1)])) }],
    ['no IV', { iv: '' }],
    ['no ciphertext', { ciphertext: '' }],
    ['less than a tag', { ciphertext: base64(bytes.subarray(-tagBytes + 1)) }],
    ['a tag alone', { ciphertext: base64(bytes.subarray(-tagBytes)) }],
    ['the tag cut off', { ciphertext: base64(bytes.subarray(0, -tagBytes)) }],
    ['the last byte cut off', { ciphertext: base64(bytes.subarray(0, -1)) }],
    ['white space around the base64', { ciphertext: `\n  ${sealed.ciphertext}\n` }],
    [
      'a line feed inside the base64',
      { ciphertext: `${sealed.ciphertext.slice(0, 76)}\n${sealed.ciphertext.slice(76)}` },
    ],
    ['padding left out', { ciphertext: base64(bytesOf('unpadded', 17)).replaceAll('=', '') }],
    ['base64url', { ciphertext: `-_${sealed.ciphertext.slice(2)}` }],
    ['white space in the IV', { iv: ` ${sealed.iv}` }],
    ['bytes that are not UTF-8', { ciphertext: badUtf8.ciphertext }],
    ['a character cut in half', { ciphertext: halfCharacter.ciphertext }],
  ];
  return rows.map(([name, changed]) => expectOpening({ name, ...good, ...changed }));
}

function expectOpening(vector: Omit<OpeningVector, 'expected'>): OpeningVector {
  const { tag, ciphertext, iv } = vector;
  const opening = openSealed({ ciphertext, iv }, Buffer.from(vector.key, 'base64'), { tag });
  return { ...vector, expected: opening.opened ? { text: opening.text } : { refused: opening.reason } };
}
