/** What is sent: the design's section 6. */
import type { Scenario } from './scenario.ts';
import {
  callAlert,
  callEnd,
  callOffer,
  encrypted,
  groupchat,
  high,
  message,
  ready,
  ringing,
  sealedAlert,
  sealedBackground,
  sealedKeys,
  taken,
} from './fixtures.ts';

export const payloadScenarios: readonly Scenario[] = [
  {
    id: 'ids-of-apns',
    title: 'Each push has a UUID of its own as id and as collapse id',
    paragraphs: ['payload/id'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      { do: 'happen', event: message, expect: taken(sealedAlert) },
      { do: 'happen', event: callOffer, expect: taken(ringing) },
      { do: 'happen', event: callEnd, expect: taken(sealedBackground) },
    ],
  },
  {
    id: 'default-words',
    title: 'Without other words an alert says that there is a new message',
    paragraphs: ['payload/wording', 'payload/apns-alert'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      { do: 'happen', event: message, expect: taken({ ...sealedAlert, alert: { body: 'New message!' } }) },
    ],
  },
  {
    id: 'words-of-the-app',
    title: 'Alerts have the words of the app, calls those for calls',
    paragraphs: ['payload/wording'],
    scope: 'sealpost',
    phone: 'siskin',
    app: 'iphone-worded',
    pushKit: false,
    steps: [
      ...ready,
      {
        do: 'happen',
        event: message,
        expect: taken({ ...sealedAlert, alert: { title: 'Messenger', 'loc-key': 'NEW_MESSAGE', body: undefined } }),
      },
      {
        do: 'happen',
        event: callOffer,
        expect: { ...taken({ ...callAlert, alert: { body: 'Somebody calls', title: undefined } }), unopened: true },
      },
    ],
  },
  {
    id: 'ttl-of-the-app',
    title: 'An app may say how long an alert is worth delivering',
    paragraphs: ['payload/expiration'],
    scope: 'sealpost',
    phone: 'siskin',
    app: 'iphone-hour',
    steps: [...ready, { do: 'happen', event: message, expect: taken({ ...sealedAlert, lifetimeS: 3600 }) }],
  },
  {
    id: 'ttl-and-collapse-key-on-android',
    title: 'On Android, too, and with the app’s collapse key',
    paragraphs: ['payload/fcm-ttl', 'payload/fcm-collapse'],
    scope: 'sealpost',
    phone: 'android',
    app: 'android-hour',
    steps: [
      ...ready,
      { do: 'happen', event: message, expect: taken({ ...sealedAlert, lifetimeS: 3600, collapseKey: 'messages' }) },
    ],
  },
  {
    id: 'android-for-a-week',
    title: 'Unless told otherwise data is worth a week, and is not collapsed',
    paragraphs: ['payload/fcm-ttl', 'payload/fcm-collapse', 'payload/fcm'],
    scope: 'sealpost',
    phone: 'android',
    steps: [
      ...ready,
      { do: 'happen', event: message, expect: taken({ ...sealedAlert, lifetimeS: 604_800 }) },
      { do: 'happen', event: callEnd, expect: taken({ ...sealedBackground, lifetimeS: 3600 }) },
    ],
  },
  {
    id: 'white-space-in-base64',
    title: 'White space inside the base64 of ciphertext and IV is taken out: phones cannot read it',
    paragraphs: ['encrypt/4.4-encrypted', 'encrypt/4.4-iv', 'routing/sealed-high'],
    scope: 'any',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: `<encrypted xmlns='tigase:push:encrypt:0' iv=' {iv} '>\n        {sealed}\n      </encrypted>${high}`,
        expect: { ...taken(sealedAlert), shows: { kind: 'notification' } },
      },
    ],
  },
  {
    id: 'zero-tag',
    title: 'A ciphertext whose tag is sixteen NUL bytes goes as it is',
    paragraphs: ['encrypt/4.4-encrypted', 'routing/sealed-high'],
    scope: 'any',
    phone: 'siskin',
    server: 'prosody-0.12',
    steps: [
      ...ready,
      { do: 'happen', event: message, expect: { ...taken(sealedAlert), shows: { kind: 'notification' } } },
    ],
  },
  {
    id: 'clear-beside-sealed',
    title: 'What a server leaves in clear beside the ciphertext does not reach the provider',
    paragraphs: ['routing/sealed-high', 'encrypt/4.4-no-form'],
    scope: 'any',
    phone: 'siskin',
    server: 'tigase',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: groupchat,
        expect: {
          ...taken({ kind: 'alert', keys: sealedKeys }),
          stanza: { has: ['<nickname>First Witch</nickname>'] },
        },
      },
      { do: 'happen', event: callOffer, expect: taken(ringing) },
    ],
  },
  {
    id: 'form-beside-sealed',
    title: 'A summary form beside the ciphertext does not reach the provider',
    paragraphs: ['routing/sealed-high', 'encrypt/4.4-no-form'],
    scope: 'any',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: `<x xmlns='jabber:x:data' type='form'><field var='FORM_TYPE'><value>urn:xmpp:push:summary</value></field><field var='last-message-body'><value>in clear</value></field></x>${encrypted}${high}`,
        expect: taken({ kind: 'alert', keys: sealedKeys }),
      },
    ],
  },
];
