/** Publishes of strangers, publishes that cannot be understood, and such as are too large: what every app server meets. */
import type { Scenario, Step } from './scenario.ts';
import { delivered, encrypted, high, ready } from './fixtures.ts';
import { malformedPublishes } from './malformed-scenarios.ts';

const strangers: readonly [id: string, title: string, from: string][] = [
  ['other-server', 'Another server', 'mallory.example'],
  ['same-ending', 'A server whose name ends like that of the account', 'evil{domain}'],
  ['same-beginning', 'A server whose name begins like that of the account', '{domain}.mallory.example'],
  ['other-user', 'Another user of the same server', 'intruder@{domain}/phone'],
  ['same-user', 'The same user of another server', 'publisher-same-user@mallory.example'],
];

const rings = 'publishes of a server that is not that of the account reach the device';
const ringsForUsers = 'publishes of another user of the server reach the device';

/** Those that only a server that seals could have written. */
const sealedRubbish = ['no-iv', 'bad-iv', 'bad-ciphertext', 'no-ciphertext', 'short-ciphertext', 'tag-alone'];

/** Far beyond what APNs and FCM take; a server that counts the body alone gets there. */
const tooLong = `{"unread":1,"sender":"juliet@capulet.example","type":"chat","message":"${'x'.repeat(3300)}"}`;

export const hostileScenarios: readonly Scenario[] = [
  ...strangers.map(([id, title, from]): Scenario => ({
    id: `publisher-${id}`,
    title: `${title} may not publish, even if it knows the node`,
    paragraphs: ['outcome/wrong-publisher'],
    scope: 'any',
    capability: 'publisher',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: encrypted + high,
        from,
        expect: {
          answer: 'anything',
          pushes: [],
          never: id === 'other-user' ? ringsForUsers : rings,
        },
      },
      delivered,
    ],
  })),
  {
    id: 'publisher-other-server-on-android',
    title: 'Another server may not publish to an Android phone either',
    paragraphs: ['outcome/wrong-publisher'],
    scope: 'any',
    capability: 'publisher',
    phone: 'android',
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: encrypted + high,
        from: 'mallory.example',
        expect: {
          answer: 'anything',
          pushes: [],
          never: rings,
        },
      },
      delivered,
    ],
  },
  {
    id: 'publisher-with-resource',
    title: 'The server of the account may publish from a resource, as Tigase does',
    paragraphs: ['outcome/wrong-publisher', 'outcome/delivered'],
    scope: 'any',
    capability: 'publisher',
    phone: 'siskin',
    server: 'tigase',
    steps: [...ready, delivered],
  },
  ...malformedPublishes
    .filter(({ id }) => sealedRubbish.includes(id))
    .flatMap(({ id, title, step }) =>
      (['siskin', 'android'] as const).map((phone) => tryRubbish(id, title, step, phone)),
    ),
  ...(['siskin', 'android'] as const).map((phone): Scenario => ({
    id: `oversize${phone === 'siskin' ? '' : `-on-${phone}`}`,
    title: `A sealed message that no push can carry costs no registration, and is not lost in silence, ${phone === 'siskin' ? 'APNs' : 'FCM'}`,
    paragraphs: ['payload/never-truncated'],
    scope: 'any',
    capability: 'size',
    phone,
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: encrypted + high,
        payload: tooLong,
        expect: { answer: 'kept', pushes: [], bare: 'required' },
      },
      delivered,
    ],
  })),
];

function tryRubbish(
  id: string,
  title: string,
  step: Partial<Extract<Step, { do: 'publish' }>>,
  phone: 'siskin' | 'android',
): Scenario {
  return {
    id: `rubbish-${id}${phone === 'siskin' ? '' : `-on-${phone}`}`,
    title: `A publish ${title} harms neither phone nor registration, ${phone === 'siskin' ? 'APNs' : 'FCM'}`,
    paragraphs: ['outcome/malformed'],
    scope: 'any',
    capability: 'malformed',
    phone,
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: '',
        ...step,
        expect: { answer: 'kept by sealing servers', pushes: [], bare: 'allowed' },
      },
      delivered,
    ],
  };
}
