/** "Encrypted Push Notifications", sentence by sentence. */
import { enable, encrypt, priority } from './enable-fixtures.ts';
import type { Scenario } from './scenario.ts';
import { delivered, juliet, message, ready, sealedAlert, sealedKeys, taken } from './fixtures.ts';

/** Requests that the server refuses, after which the device gets what it got before. */
const refusals: readonly [id: string, title: string, paragraph: string, inside: string, expect: string][] = [
  [
    'other-algorithm',
    'An algorithm that the server lacks',
    'encrypt/4.2-alg',
    encrypt(` alg='aes-256-gcm'`),
    'modify/feature-not-implemented',
  ],
  ['no-algorithm', 'Sealing without an algorithm', 'encrypt/4.2-alg', encrypt(''), 'modify/feature-not-implemented'],
  [
    'omemo-example',
    'The algorithm by the name that the OMEMO text writes',
    'omemo/4.2-encrypt',
    encrypt(` alg='aes-gcm'`),
    'modify/feature-not-implemented',
  ],
  ['no-key', 'Sealing without a key', 'encrypt/4.2-key', encrypt(` alg='aes-128-gcm'`, ''), 'modify/bad-request'],
  [
    'short-key',
    'A key of fifteen bytes',
    'encrypt/4.2-key',
    encrypt(` alg='aes-128-gcm'`, 'AAAAAAAAAAAAAAAAAAAA'),
    'modify/bad-request',
  ],
  [
    'no-number',
    'A max-size that is no number',
    'encrypt/4.2-max-size',
    encrypt(` alg='aes-128-gcm' max-size='3k'`),
    'modify/bad-request',
  ],
];

export const sealingScenarios: readonly Scenario[] = [
  {
    id: 'account-features',
    title: 'A server that seals says so, and the client asks for sealing only there',
    paragraphs: [
      'encrypt/4.1-ask',
      'encrypt/4.1-feature',
      'encrypt/4.1-algorithms',
      'encrypt/4.2-encrypt',
      'encrypt/3-push',
    ],
    scope: 'any',
    capability: 'sealed-alert',
    phone: 'siskin',
    steps: [
      { do: 'register' },
      { do: 'enable', asks: { has: [`<encrypt xmlns='tigase:push:encrypt:0' alg='aes-128-gcm'`] } },
      {
        do: 'happen',
        event: message,
        expect: { ...taken(sealedAlert), stanza: { has: [`<encrypted xmlns='tigase:push:encrypt:0' iv='`] } },
      },
    ],
  },
  {
    id: 'account-without-feature',
    title: 'A server that does not seal is not asked to, and pushes come unsealed',
    paragraphs: ['encrypt/4.1-ask', 'encrypt/3-parties'],
    scope: 'any',
    capability: 'plain',
    phone: 'siskin',
    server: 'ejabberd',
    steps: [
      { do: 'register' },
      { do: 'enable', asks: { lacks: ['<encrypt '] } },
      { do: 'happen', event: message, expect: { ...taken({ kind: 'alert' }), stanza: { lacks: ['<encrypted '] } } },
    ],
  },
  {
    id: 'aes-128-gcm',
    title: 'AES-128-GCM with a tag of 128 bits: every bit of the stanza counts when the phone opens it',
    paragraphs: [
      'encrypt/4.2-aes-128-gcm',
      'encrypt/4.2-key',
      'encrypt/4.4-sealed',
      'encrypt/4.4-encrypted',
      'encrypt/4.4-iv',
    ],
    scope: 'any',
    capability: 'sealed-alert',
    phone: 'iphone',
    steps: [
      { do: 'register' },
      { do: 'enable' },
      {
        do: 'ask-server',
        xml: enable(priority + encrypt(` alg='aes-128-gcm'`, '\n      {key}\n    ')),
        expect: 'result',
      },
      {
        do: 'happen',
        event: message,
        expect: { ...taken({ kind: 'alert', keys: sealedKeys }), shows: { kind: 'notification' } },
      },
    ],
  },
  ...refusals.map(([id, title, paragraph, inside, expect]): Scenario => ({
    id: `refuse-${id}`,
    title: `${title} is refused, and the device keeps what it had`,
    paragraphs: [paragraph],
    scope: 'any',
    capability: 'sealed-alert',
    phone: 'siskin',
    steps: [...ready, { do: 'ask-server', xml: enable(priority + inside), expect }, delivered],
  })),
  {
    id: 'max-size',
    title: 'A body that does not fit max-size is cut at its end',
    paragraphs: ['encrypt/4.2-max-size', 'encrypt/4.2-cut', 'encrypt/4.4-message'],
    scope: 'any',
    capability: 'sealed-alert',
    phone: 'iphone',
    steps: [
      ...ready,
      { do: 'ask-server', xml: enable(priority + encrypt(` alg='aes-128-gcm' max-size='160'`)), expect: 'result' },
      {
        do: 'happen',
        event: { kind: 'message', from: juliet, body: 'Deny thy father and refuse thy name, or be but sworn my love' },
        expect: { ...taken(sealedAlert), opened: { message: 'Deny thy father and refuse thy ' } },
      },
    ],
  },
  {
    id: 'max-size-without-body',
    title: 'A body of which nothing fits is left out, and the phone uses its own words',
    paragraphs: ['encrypt/4.2-cut', 'encrypt/4.4-message'],
    scope: 'any',
    capability: 'sealed-alert',
    phone: 'siskin',
    steps: [
      ...ready,
      { do: 'ask-server', xml: enable(priority + encrypt(` alg='aes-128-gcm' max-size='100'`)), expect: 'result' },
      {
        do: 'happen',
        event: message,
        expect: {
          ...taken(sealedAlert),
          opened: { message: null },
          shows: { kind: 'notification', text: 'New message!' },
        },
      },
    ],
  },
  {
    id: 'no-max-size',
    title: 'Without max-size the body is whole',
    paragraphs: ['encrypt/4.2-max-size', 'encrypt/4.4-message'],
    scope: 'any',
    capability: 'sealed-alert',
    phone: 'iphone',
    steps: [
      ...ready,
      { do: 'ask-server', xml: enable(priority + encrypt(` alg='aes-128-gcm'`)), expect: 'result' },
      {
        do: 'happen',
        event: { kind: 'message', from: juliet, body: 'x'.repeat(2000) },
        expect: { ...taken(sealedAlert), opened: { message: 'x'.repeat(2000) } },
      },
    ],
  },
  {
    id: 'disable',
    title: 'Disabling ends pushes',
    paragraphs: ['encrypt/4.3-disable'],
    scope: 'any',
    capability: 'sealed-alert',
    phone: 'siskin',
    steps: [
      ...ready,
      delivered,
      { do: 'disable' },
      { do: 'happen', event: message, expect: { answer: 'no publish', pushes: [] } },
    ],
  },
  {
    id: 'disable-everywhere',
    title: 'Disabling without a node ends all pushes of the service',
    paragraphs: ['encrypt/4.3-disable'],
    scope: 'any',
    capability: 'sealed-alert',
    phone: 'siskin',
    steps: [
      ...ready,
      { do: 'disable', everywhere: true },
      { do: 'happen', event: message, expect: { answer: 'no publish', pushes: [] } },
    ],
  },
  {
    id: 'enable-again-unsealed',
    title: 'Enabling again without encrypt ends sealing',
    paragraphs: ['encrypt/4.3-again'],
    scope: 'any',
    capability: 'plain',
    phone: 'siskin',
    steps: [
      ...ready,
      delivered,
      { do: 'enable', sealed: false },
      {
        do: 'happen',
        event: message,
        expect: { ...taken({ kind: 'alert' }), stanza: { has: ['urn:xmpp:push:summary'], lacks: ['<encrypted '] } },
      },
    ],
  },
];
