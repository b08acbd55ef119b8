/** Publishes of which no notification can be made. */
import type { Scenario, Step } from './scenario.ts';
import { delivered, ready } from './fixtures.ts';

/** Publishes that no server should write, and some do. */
export function malformedScenarios(): Scenario[] {
  const tiny = 'AAAAAAAAAAAAAAAAAAAAAA==';
  const rows: readonly [id: string, title: string, step: Partial<Extract<Step, { do: 'publish' }>>][] = [
    [
      'no-node',
      'without a node',
      { pubsub: `<publish><item><notification xmlns='urn:xmpp:push:0'/></item></publish>` },
    ],
    ['no-notification', 'without a notification', { pubsub: `<publish node='{node}'><item/></publish>` }],
    ['no-iv', 'without an IV', { notification: `<encrypted xmlns='tigase:push:encrypt:0'>{sealed}</encrypted>` }],
    [
      'bad-iv',
      'with an IV that is no base64',
      { notification: `<encrypted xmlns='tigase:push:encrypt:0' iv='*'>{sealed}</encrypted>` },
    ],
    [
      'bad-ciphertext',
      'with a ciphertext that is no base64',
      { notification: `<encrypted xmlns='tigase:push:encrypt:0' iv='{iv}'>***</encrypted>` },
    ],
    [
      'no-ciphertext',
      'with an empty ciphertext',
      { notification: `<encrypted xmlns='tigase:push:encrypt:0' iv='{iv}'/>` },
    ],
    [
      'short-ciphertext',
      'with a ciphertext shorter than a tag and a byte, at which phones crash',
      { notification: `<encrypted xmlns='tigase:push:encrypt:0' iv='{iv}'>${tiny}</encrypted>` },
    ],
  ];
  return rows.map(([id, title, step]) => ({
    id: `malformed-${id}`,
    title: `A publish ${title} is a bad request, and the registration stays`,
    paragraphs: ['outcome/malformed', 'outcome/condition-first'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      { do: 'publish', notification: '', ...step, expect: { answer: 'wait/bad-request', pushes: [] } },
      delivered,
    ],
  }));
}
