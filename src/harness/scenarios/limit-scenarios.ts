/** How large pushes may be, and what becomes of larger ones: the design's section 6. */
import type { Scenario } from './scenario.ts';
import { bareAlert, encrypted, groupchat, high, juliet, ready, ringing, sealedAlert, taken } from './fixtures.ts';

/** A payload of about so many bytes: its ciphertext has a third more. */
const payloadOf = (bytes: number) =>
  `{"unread":1,"sender":"juliet@capulet.example","type":"chat","message":"${'x'.repeat(bytes - 75)}"}`;
const callOf = (bytes: number) =>
  `{"unread":0,"sender":"${juliet}","type":"call","sid":"${'x'.repeat(bytes - 105)}","media":["audio"]}`;
const voip = encrypted.replace('<encrypted ', `<encrypted type='voip' `);

export const limitScenarios: readonly Scenario[] = [
  {
    id: 'longest-message',
    title: 'The longest message that a server seals to max-payload-size fits',
    paragraphs: ['payload/largest', 'payload/apns-limit', 'encrypt/4.2-cut', 'encrypt/4.4-message'],
    scope: 'any',
    capability: 'size',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: { kind: 'message', from: juliet, body: 'It is the east, and Juliet is the sun. 🌞\n'.repeat(200) },
        expect: { ...taken({ ...sealedAlert, bytes: [2000, 4096] }), shows: { kind: 'notification' } },
      },
    ],
  },
  {
    id: 'longest-message-on-android',
    title: 'On Android, too',
    paragraphs: ['payload/largest', 'payload/fcm-limit'],
    scope: 'any',
    capability: 'size',
    phone: 'android',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: { kind: 'message', from: juliet, body: 'It is the east, and Juliet is the sun. 🌞\n'.repeat(200) },
        expect: { ...taken({ ...sealedAlert, bytes: [2000, 4300] }), shows: { kind: 'notification' } },
      },
    ],
  },
  {
    id: 'longest-message-of-tigase',
    title: 'The longest message of a server that counts the body alone fits',
    paragraphs: ['payload/largest'],
    scope: 'any',
    capability: 'size',
    phone: 'siskin',
    server: 'tigase',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: {
          ...groupchat,
          kind: 'groupchat',
          body: 'Double, double toil and trouble; "Fire burn", and caldron bubble.\n'.repeat(100),
        } as typeof groupchat,
        expect: { ...taken({ ...sealedAlert, bytes: [2000, 4096] }), shows: { kind: 'notification' } },
      },
    ],
  },
  {
    id: 'alert-at-the-limit',
    title: 'An alert of nearly 4096 bytes goes whole',
    paragraphs: ['payload/apns-limit'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: encrypted + high,
        payload: payloadOf(2860),
        expect: taken({ ...sealedAlert, bytes: [3900, 4096] }),
      },
    ],
  },
  {
    id: 'alert-beyond-the-limit',
    title: 'An alert beyond 4096 bytes goes without content, and the server hears nothing of it',
    paragraphs: ['payload/apns-limit', 'payload/never-truncated'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: encrypted + high,
        payload: payloadOf(3100),
        expect: { ...taken(bareAlert), shows: { kind: 'notification', text: 'New message!' } },
      },
    ],
  },
  {
    id: 'background-beyond-the-limit',
    title: 'A background push beyond 4096 bytes goes without content',
    paragraphs: ['payload/apns-limit', 'payload/never-truncated'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: encrypted,
        payload: payloadOf(3100),
        expect: taken({ kind: 'background', keys: ['account'] }),
      },
    ],
  },
  {
    id: 'call-at-the-limit',
    title: 'A call has more room than an alert: 5120 bytes',
    paragraphs: ['payload/voip-limit'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: voip + high,
        payload: callOf(3600),
        expect: { ...taken({ ...ringing, bytes: [4700, 5120] }), shows: { kind: 'ringing' } },
      },
    ],
  },
  {
    id: 'call-beyond-the-limit',
    title: 'A call beyond 5120 bytes is an alert: PushKit must never ring for nobody',
    paragraphs: ['payload/voip-limit', 'payload/never-truncated'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: voip + high,
        payload: callOf(3900),
        expect: {
          ...taken({ kind: 'call-alert', keys: ['account'], lifetimeS: 30 }),
          shows: { kind: 'notification', text: 'Incoming call' },
        },
      },
    ],
  },
  {
    id: 'data-at-the-limit',
    title: 'Data of nearly 4000 bytes goes whole',
    paragraphs: ['payload/fcm-limit'],
    scope: 'sealpost',
    phone: 'android',
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: encrypted + high,
        payload: payloadOf(2860),
        expect: taken({ ...sealedAlert, bytes: [3900, 4300] }),
      },
    ],
  },
  {
    id: 'data-beyond-the-limit',
    title: 'Data beyond 4000 bytes goes without content',
    paragraphs: ['payload/fcm-limit', 'payload/never-truncated'],
    scope: 'sealpost',
    phone: 'android',
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: encrypted + high,
        payload: payloadOf(3000),
        expect: { ...taken({ kind: 'alert', keys: ['account'] }), shows: { kind: 'synchronized' } },
      },
    ],
  },
];
