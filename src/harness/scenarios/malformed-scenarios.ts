/** Publishes of which no notification can be made. */
import type { Scenario, Step } from './scenario.ts';
import { delivered, ready } from './fixtures.ts';

interface MalformedPublish {
  readonly id: string;
  /** Continues "A publish …". */
  readonly title: string;
  readonly step: Partial<Extract<Step, { do: 'publish' }>>;
}

/** Fifteen bytes, and sixteen: shorter than a tag, and a tag alone. */
const [fewBytes, sixteenBytes] = ['AAAAAAAAAAAAAAAAAAAA', 'AAAAAAAAAAAAAAAAAAAAAA=='];

const rows: readonly [id: string, title: string, step: MalformedPublish['step']][] = [
  ['no-node', 'without a node', { pubsub: `<publish><item><notification xmlns='urn:xmpp:push:0'/></item></publish>` }],
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
    'with a ciphertext shorter than a tag, at which phones crash',
    { notification: `<encrypted xmlns='tigase:push:encrypt:0' iv='{iv}'>${fewBytes}</encrypted>` },
  ],
  [
    'tag-alone',
    'with a ciphertext that is a tag and nothing else',
    { notification: `<encrypted xmlns='tigase:push:encrypt:0' iv='{iv}'>${sixteenBytes}</encrypted>` },
  ],
];

/** Publishes that no server should write, and some do. */
export const malformedPublishes: readonly MalformedPublish[] = rows.map(([id, title, step]) => ({ id, title, step }));

export const malformedScenarios: readonly Scenario[] = malformedPublishes.map(({ id, title, step }) => ({
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
