/** Vectors of discovery: examples 1 and 2 of both texts, and what is near them. */
import { parse } from 'ltx';
import { readFeatures, writeDiscoInfo } from '../clients/discovery.ts';
import { answerAccount } from '../server/account-disco.ts';
import { omemoNamespace, sealingNamespace } from '../server/enabling.ts';
import { reference } from '../server/server-flavours.ts';
import { readAnswer } from '../server/stanza.ts';
import type { DiscoveryVector } from './format.ts';

const account = 'juliet@capulet.lit';
const address = { from: `${account}/balcony`, to: account, id: 'disco1' };
/** Example 1 of both texts, letter by letter. */
const example =
  `<iq from='juliet@capulet.lit/balcony'\n    to='juliet@capulet.lit'\n    id='disco1'\n    type='get'>\n` +
  `  <query xmlns='http://jabber.org/protocol/disco#info'/>\n</iq>`;

const queries: readonly [name: string, query: string][] = [
  ['example 1 of both texts', example],
  ['the same without white space', writeDiscoInfo(address)],
  ['another account asks', writeDiscoInfo({ ...address, from: 'romeo@montague.lit/orchard' })],
  ['a node that there is not', writeDiscoInfo(address).replace('<query ', `<query node='urn:example' `)],
  ['a set', writeDiscoInfo(address).replace(`type='get'`, `type='set'`)],
];

/** Example 2 of a text, letter by letter, with these features. */
const answerOf = (...features: string[]) =>
  `<iq from='coven@chat.shakespeare.lit'\n    to='juliet@capulet.lit/balcony'\n    id='disco1'\n    type='result'>\n` +
  `  <query xmlns='http://jabber.org/protocol/disco#info'>\n` +
  `${features.map((name) => `   <feature var='${name}'/>\n`).join('')}   ...\n  </query>\n</iq>`;
const algorithm = 'tigase:push:encrypt:aes-128-gcm';

const answers: readonly [name: string, answer: string][] = [
  ['example 2 of Encrypted Push Notifications', answerOf(sealingNamespace, algorithm)],
  ['example 2 of the OMEMO variant', answerOf(omemoNamespace)],
  [
    'both, and two algorithms',
    answerOf(sealingNamespace, omemoNamespace, algorithm, 'tigase:push:encrypt:aes-256-gcm'),
  ],
  ['no algorithm', answerOf(sealingNamespace)],
  ['another version', answerOf('tigase:push:encrypt:1', 'tigase:push:encrypt:omemo:1')],
  ['an empty list', answerOf()],
  [
    'an error',
    `<iq from='juliet@capulet.lit' to='juliet@capulet.lit/balcony' id='disco1' type='error'><error type='cancel'>` +
      `<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
  ],
  ['another query', answerOf(sealingNamespace).replace('disco#info', 'disco#items')],
];

export function discoveryVectors(): DiscoveryVector[] {
  const asked = queries.map(([name, query]) => ({ name, account, query }));
  const read = answers.map(([name, answer]) => ({ name, account, answer }));
  return [...asked, ...read].map((vector) => ({ ...vector, expected: discoverAccount(vector) }));
}

/** What the reference server answers, and what the reference client reads in that or in the answer that is given. */
export function discoverAccount(vector: Omit<DiscoveryVector, 'name' | 'expected'>): DiscoveryVector['expected'] {
  const { account: jid, query, answer = '' } = vector;
  if (query === undefined) return readSupport(answer);
  const xml = answerAccount(jid, parse(query), reference);
  return { xml, ...readSupport(xml) };
}

function readSupport(xml: string): Omit<DiscoveryVector['expected'], 'xml'> {
  const features = readFeatures(readAnswer(parse(xml))) ?? [];
  const prefix = sealingNamespace.slice(0, -1);
  return {
    seals: features.includes(sealingNamespace),
    omemo: features.includes(omemoNamespace),
    algorithms: features.filter((name) => name.startsWith(`${prefix}aes-`)).map((name) => name.slice(prefix.length)),
  };
}
