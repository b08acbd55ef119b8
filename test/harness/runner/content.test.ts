import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { judgeAccount, judgeContent } from '../../../src/harness/runner/content.ts';

// Bytes whose base64 has both characters that base64url writes otherwise, and padding.
const bytes = Buffer.from([...Array(40).keys(), 0xfb, 0xef, 0xbe, 0xff, 0xff, 0xfe, 1]);
const sent = { ciphertext: bytes.toString('base64'), iv: 'AAECAwQFBgcICQoL' };
const changed = (at: number, mask: number) => {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ mask;
  return copy.toString('base64');
};
const { ciphertext, iv } = sent;

const rows: readonly [what: string, keys: Record<string, unknown>, cause: string | undefined][] = [
  ['both values', { encrypted: ciphertext, iv }, undefined],
  ['no IV', { encrypted: ciphertext }, 'the IV is missing'],
  ['nothing', {}, 'the ciphertext is missing'],
  ['null', { encrypted: null, iv }, 'the ciphertext is missing'],
  ['an object', { encrypted: {}, iv }, 'the ciphertext is no string'],
  ['an empty text', { encrypted: '', iv }, 'the ciphertext is empty'],
  ['both, swapped', { encrypted: iv, iv: ciphertext }, 'ciphertext and IV are swapped'],
  ['another name', { ciphertext, iv }, 'the ciphertext is called ciphertext, and apps look for encrypted'],
  ['another place', { data: { encrypted: ciphertext }, iv }, 'the ciphertext does not stand where apps look for it'],
  ['a beginning', { encrypted: ciphertext.slice(0, 60), iv }, 'the ciphertext was cut to 60 of 64 characters'],
  ['an end', { encrypted: ciphertext.slice(4), iv }, 'the ciphertext lost its beginning: 60 of 64 characters are left'],
  [
    'fewer bytes',
    { encrypted: bytes.subarray(0, 20).toString('base64'), iv },
    'the ciphertext was cut to 20 of 47 bytes',
  ],
  ['more', { encrypted: `${ciphertext}AAAA`, iv }, 'the ciphertext has 4 characters too many'],
  [
    'no tag',
    { encrypted: bytes.subarray(0, -16).toString('base64'), iv },
    'the ciphertext lost its last 16 bytes, the tag',
  ],
  [
    'base64url',
    { encrypted: bytes.toString('base64url'), iv },
    'the ciphertext is base64url, or has no padding, in place of base64 with padding',
  ],
  [
    'no padding',
    { encrypted: ciphertext.replaceAll('=', ''), iv },
    'the ciphertext is base64url, or has no padding, in place of base64 with padding',
  ],
  [
    'white space',
    { encrypted: `${ciphertext}\n`, iv },
    'the ciphertext has white space in it, and apps do not decode it',
  ],
  ['hex', { encrypted: bytes.toString('hex'), iv }, 'the ciphertext is written in hex in place of base64'],
  [
    'base64 twice',
    { encrypted: Buffer.from(ciphertext).toString('base64'), iv },
    'the ciphertext is encoded in base64 twice',
  ],
  ['one bit', { encrypted: changed(5, 4), iv }, 'one bit of the ciphertext was changed'],
  ['a byte', { encrypted: changed(5, 6), iv }, 'one byte of the ciphertext was changed'],
  ['no base64', { encrypted: '****', iv }, 'the ciphertext is no base64'],
  ['another IV', { encrypted: ciphertext, iv: '////////////////' }, 'the IV is another one'],
];
for (const [what, keys, cause] of rows) {
  test(`content - ${what}: ${cause ?? 'nothing is wrong'}`, () => {
    assert.equal(judgeContent(sent, keys, { aps: {}, ...keys }), cause);
  });
}

test('content - apps look for their key under exactly the account that they registered', () => {
  const account = 'romeo@montague.example';
  assert.equal(judgeAccount(account, { account }), undefined);
  assert.match(judgeAccount(account, { account: `${account}/phone` }) ?? '', /is a full JID/);
  assert.match(judgeAccount(account, { account: 'Romeo@montague.example' }) ?? '', /in other letters/);
  assert.match(judgeAccount(account, { account: 'juliet@capulet.example' }) ?? '', /is another one/);
  assert.match(judgeAccount(account, {}) ?? '', /is missing/);
});

test('content - whatever came, it is judged and nothing is thrown', () => {
  const value = fc.oneof(fc.jsonValue(), fc.base64String(), fc.constant(ciphertext), fc.string());
  fc.assert(
    fc.property(value, value, (encrypted, other) => {
      const cause = judgeContent(sent, { encrypted, iv: other }, { encrypted, iv: other });
      assert.equal(cause === undefined, encrypted === ciphertext && other === iv);
    }),
  );
});
