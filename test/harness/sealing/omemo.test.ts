import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOmemo } from '../../../src/harness/sealing/omemo.ts';

const siacs =
  `<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='27183'>` +
  `<key rid='31415'>BASE64A=</key><key prekey='true' rid='12321'>BASE64B=</key><iv>BASE64IV</iv></header>` +
  `<payload>BASE64DATA</payload></encrypted>`;

const omemo2 =
  `<encrypted xmlns='urn:xmpp:omemo:2'><header sid='27183'>` +
  `<keys jid='juliet@capulet.lit'><key rid='31415'>JULIET=</key></keys>` +
  `<keys jid='romeo@montague.lit'><key rid='1337'>R1=</key><key kex='true' rid='31415'>\n R2=\n</key></keys></header>` +
  `<payload>BASE64DATA</payload></encrypted>`;

const rows: readonly [name: string, xml: string, account: string, device: string, expected: unknown][] = [
  [
    'the older form',
    siacs,
    'r@m.lit',
    '31415',
    { keys: ['BASE64A='], sid: '27183', iv: 'BASE64IV', data: 'BASE64DATA' },
  ],
  [
    'a pre-key message',
    siacs,
    'r@m.lit',
    '12321',
    { keys: ['BASE64B='], sid: '27183', iv: 'BASE64IV', data: 'BASE64DATA' },
  ],
  [
    'version 2, which has no iv',
    omemo2,
    'romeo@montague.lit',
    '31415',
    { keys: ['R2='], sid: '27183', data: 'BASE64DATA' },
  ],
  [
    'the same device id of another account',
    omemo2,
    'juliet@capulet.lit',
    '31415',
    { keys: ['JULIET='], sid: '27183', data: 'BASE64DATA' },
  ],
  [
    'keys without a payload',
    siacs.replace('<payload>BASE64DATA</payload>', ''),
    'r@m.lit',
    '31415',
    { keys: ['BASE64A='], sid: '27183', iv: 'BASE64IV' },
  ],
  ['a message for other devices', siacs, 'r@m.lit', '999', undefined],
  ['a message for other accounts', omemo2, 'paris@example.org', '31415', undefined],
  [
    'another encryption',
    siacs.replace('eu.siacs.conversations.axolotl', 'urn:xmpp:openpgp:0'),
    'r@m.lit',
    '31415',
    undefined,
  ],
  ['no sender device', siacs.replace(` sid='27183'`, ''), 'r@m.lit', '31415', undefined],
  ['no header', `<encrypted xmlns='eu.siacs.conversations.axolotl'/>`, 'r@m.lit', '31415', undefined],
  ['broken XML', '<encrypted', 'r@m.lit', '31415', undefined],
];
for (const [name, xml, account, device, expected] of rows) {
  test(`omemo - ${name}`, () => assert.deepEqual(readOmemo(xml, account, device), expected));
}
