/** Which push a sealed notification leads to: the design's section 5. */
import type { Scenario } from './scenario.ts';
import {
  chatState,
  clearing,
  encrypted,
  high,
  low,
  message,
  readElsewhere,
  ready,
  receipt,
  sealedAlert,
  sealedBackground,
  subscription,
  taken,
} from './fixtures.ts';

export const routingScenarios: readonly Scenario[] = [
  {
    id: 'sealed-message',
    title: 'A sealed message is an alert that the phone opens',
    paragraphs: ['routing/sealed-high', 'payload/apns-alert', 'payload/no-double', 'encrypt/4.4-sealed'],
    scope: 'any',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: message,
        expect: {
          ...taken(sealedAlert),
          shows: { kind: 'notification', title: 'juliet@capulet.example', text: 'Wherefore art thou, Romeo? 🌹' },
        },
      },
    ],
  },
  {
    id: 'sealed-message-for-a-week',
    title: 'An alert is worth what the app says: a week unless told otherwise',
    paragraphs: ['routing/sealed-high', 'payload/expiration'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [...ready, { do: 'happen', event: message, expect: taken({ ...sealedAlert, lifetimeS: 604_800 }) }],
  },
  {
    id: 'sealed-message-on-android',
    title: 'A sealed message reaches an Android phone as data of high priority',
    paragraphs: ['routing/sealed-high', 'payload/fcm', 'payload/fcm-priority'],
    scope: 'any',
    phone: 'android',
    steps: [
      ...ready,
      { do: 'happen', event: message, expect: { ...taken(sealedAlert), shows: { kind: 'notification' } } },
    ],
  },
  {
    id: 'sealed-message-of-snikket',
    title: 'A sealed message reaches Snikket as it reaches Siskin',
    paragraphs: ['routing/sealed-high', 'register/tigase'],
    scope: 'any',
    phone: 'snikket',
    steps: [
      ...ready,
      { do: 'happen', event: message, expect: { ...taken(sealedAlert), shows: { kind: 'notification' } } },
    ],
  },
  {
    id: 'sealed-chat-state',
    title: 'A sealed chat state of low priority shows nothing',
    paragraphs: ['routing/sealed-low'],
    scope: 'any',
    phone: 'siskin',
    steps: [
      ...ready,
      { do: 'happen', event: chatState, expect: { ...taken(sealedBackground), shows: { kind: 'nothing' } } },
    ],
  },
  {
    id: 'sealed-receipt-without-priority',
    title: 'A sealed receipt from a server that marks only what is important shows nothing',
    paragraphs: ['routing/sealed-low'],
    scope: 'any',
    phone: 'siskin',
    server: 'prosody-13',
    steps: [
      ...ready,
      { do: 'happen', event: receipt, expect: { ...taken(sealedBackground), shows: { kind: 'nothing' } } },
    ],
  },
  {
    id: 'sealed-low-is-not-coalesced',
    title: 'Sealed background pushes each carry something, and each goes',
    paragraphs: ['routing/sealed-low'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      { do: 'happen', event: chatState, expect: taken(sealedBackground) },
      { do: 'happen', event: receipt, expect: taken(sealedBackground) },
    ],
  },
  {
    id: 'sealed-without-priority-as-alert',
    title: 'An app may say that what is sealed without priority is shown',
    paragraphs: ['routing/absent-priority'],
    scope: 'sealpost',
    phone: 'siskin',
    app: 'iphone-without-priorities',
    steps: [
      ...ready,
      { do: 'publish', notification: encrypted, expect: { ...taken(sealedAlert), shows: { kind: 'notification' } } },
      { do: 'publish', notification: encrypted + low, expect: taken(sealedBackground) },
      { do: 'publish', notification: encrypted + high, expect: taken(sealedAlert) },
    ],
  },
  {
    id: 'read-elsewhere',
    title: 'Messages read elsewhere are cleared away on the phone',
    paragraphs: ['routing/read-elsewhere', 'payload/apns-background'],
    scope: 'any',
    phone: 'siskin',
    server: 'tigase',
    steps: [
      ...ready,
      { do: 'happen', event: message, expect: taken(sealedAlert) },
      { do: 'happen', event: readElsewhere, expect: { ...taken(clearing), shows: { kind: 'cleared' } } },
    ],
  },
  {
    id: 'read-elsewhere-is-not-coalesced',
    title: 'Clearing goes at once, each time, and is worth an hour',
    paragraphs: ['routing/read-elsewhere', 'payload/expiration'],
    scope: 'sealpost',
    phone: 'siskin',
    server: 'tigase',
    steps: [
      ...ready,
      { do: 'happen', event: readElsewhere, expect: taken({ ...clearing, lifetimeS: 3600 }) },
      { do: 'happen', event: readElsewhere, expect: taken(clearing) },
    ],
  },
  {
    id: 'read-elsewhere-on-android',
    title: 'On Android, too, with the number as a string',
    paragraphs: ['routing/read-elsewhere', 'payload/fcm'],
    scope: 'any',
    phone: 'android',
    server: 'tigase',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: readElsewhere,
        expect: { ...taken({ ...clearing, values: { 'unread-messages': '0' } }), shows: { kind: 'cleared' } },
      },
    ],
  },
  {
    id: 'plain-subscription',
    title: 'A subscription request from a server that seals is shown',
    paragraphs: ['routing/sealed-high', 'encrypt/4.4-subscribe'],
    scope: 'any',
    phone: 'iphone',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: subscription,
        expect: { ...taken(sealedAlert), shows: { kind: 'notification', text: 'Subscription request' } },
      },
    ],
  },
];
