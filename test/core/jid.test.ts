import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bareJid, domainOf, foldCase, isDomain, isSameAccount } from '../../src/core/jid.ts';

const parts: readonly [string, string, string, boolean][] = [
  ['romeo@example.net', 'romeo@example.net', 'example.net', false],
  ['Romeo@Example.NET/Phone', 'Romeo@Example.NET', 'example.net', false],
  ['romeo@example.net/a@b/c', 'romeo@example.net', 'example.net', false],
  ['Example.net', 'Example.net', 'example.net', true],
  ['example.net/romeo@example.org', 'example.net', 'example.net', true],
  ['', '', '', true],
];

for (const [jid, bare, domain, isServer] of parts) {
  test(`jid - ${jid || 'nothing'} is split into its parts`, () => {
    assert.deepEqual([bareJid(jid), domainOf(jid), isDomain(jid)], [bare, domain, isServer]);
  });
}

test('jid - accounts are compared without regard to the case of A to Z', () => {
  assert.equal(isSameAccount('ROMEO@Example.net', 'romeo@EXAMPLE.net'), true);
  assert.equal(isSameAccount('romeo@example.net', 'romeo@example.org'), false);
});

/** Pairs that Unicode's case folding would merge. */
const pairs: readonly [string, string][] = [
  ['\u10d0', '\u1c90'],
  ['k', '\u212a'],
  ['\u00e4', '\u00c4'],
  ['\u00df', '\u1e9e'],
  ['\u03c3', '\u03a3'],
  ['\u03b8', '\u03f4'],
  ['i', '\u0130'],
];

for (const [small, capital] of pairs) {
  test(`jid - ${small} and ${capital} differ, in local part and domain`, () => {
    assert.equal(isSameAccount(`${small}@example.net`, `${capital}@example.net`), false);
    assert.equal(isSameAccount(`romeo@${small}.example`, `romeo@${capital}.example`), false);
    assert.notEqual(domainOf(`romeo@${small}.example`), domainOf(`romeo@${capital}.example`));
    assert.equal(foldCase(`A${capital}Z`), `a${capital}z`);
  });
}
