/** How calls come: the design's section 5. */
import type { Scenario } from './scenario.ts';
import {
  callAlert,
  callEnd,
  callOffer,
  encrypted,
  juliet,
  ready,
  ringing,
  sealedBackground,
  sealedKeys,
  taken,
} from './fixtures.ts';

const callPayload = `{"unread":0,"sender":"${juliet}","type":"call","sid":"a73sjjvkla37jfea","media":["audio"]}`;
const voip = encrypted.replace('<encrypted ', `<encrypted type='voip' `);

export const callScenarios: readonly Scenario[] = [
  {
    id: 'call-rings',
    title: 'A call rings through PushKit',
    paragraphs: ['routing/call', 'payload/apns-voip', 'payload/expiration', 'encrypt/4.4-call', 'encrypt/4.4-sid'],
    scope: 'any',
    capability: 'sealed-call',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: callOffer,
        expect: { ...taken(ringing), shows: { kind: 'ringing', caller: juliet, sid: 'a73sjjvkla37jfea' } },
      },
    ],
  },
  {
    id: 'call-rings-without-priority',
    title: 'A call rings where the server knows no priorities',
    paragraphs: ['routing/call'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: voip,
        payload: callPayload,
        expect: { ...taken(ringing), shows: { kind: 'ringing' } },
      },
    ],
  },
  {
    id: 'call-without-pushkit',
    title: 'A call to a phone without PushKit token is shown as the app words it',
    paragraphs: ['routing/call-without-pushkit', 'payload/expiration'],
    scope: 'sealpost',
    phone: 'siskin',
    pushKit: false,
    steps: [
      ...ready,
      {
        do: 'happen',
        event: callOffer,
        expect: { ...taken(callAlert), shows: { kind: 'notification', text: 'Incoming call' }, unopened: true },
      },
    ],
  },
  {
    id: 'call-without-pushkit-shows',
    title: 'A call to a phone without PushKit token shows something',
    paragraphs: ['routing/call-without-pushkit'],
    scope: 'any',
    capability: 'sealed-call',
    phone: 'siskin',
    pushKit: false,
    steps: [
      ...ready,
      { do: 'happen', event: callOffer, expect: { ...taken({ kind: 'visible' }), shows: { kind: 'notification' } } },
    ],
  },
  {
    id: 'call-rings-on-android',
    title: 'A call rings on an Android phone',
    paragraphs: ['routing/call-without-pushkit', 'payload/fcm-priority'],
    scope: 'any',
    capability: 'sealed-call',
    phone: 'android',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: callOffer,
        expect: { ...taken({ kind: 'visible', keys: sealedKeys }), shows: { kind: 'ringing', caller: juliet } },
      },
    ],
  },
  {
    id: 'call-on-android',
    title: 'A call to an Android phone is data of high priority for half a minute or less',
    paragraphs: ['routing/call-without-pushkit', 'payload/fcm-priority', 'payload/fcm-ttl'],
    scope: 'sealpost',
    phone: 'android',
    steps: [
      ...ready,
      { do: 'happen', event: callOffer, expect: { ...taken(callAlert), shows: { kind: 'ringing', caller: juliet } } },
    ],
  },
  {
    id: 'call-end',
    title: 'The end of a call stops the ringing by a background push, never by PushKit',
    paragraphs: ['routing/call-end', 'payload/apns-background'],
    scope: 'any',
    capability: 'call-end',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: callEnd,
        expect: { ...taken(sealedBackground), shows: { kind: 'ringing-ended', sid: 'a73sjjvkla37jfea' } },
      },
    ],
  },
  {
    id: 'call-end-for-an-hour',
    title: 'What wakes in the background is worth an hour',
    paragraphs: ['routing/call-end', 'payload/expiration'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [...ready, { do: 'happen', event: callEnd, expect: taken({ ...sealedBackground, lifetimeS: 3600 }) }],
  },
  {
    id: 'call-end-on-android',
    title: 'The end of a call reaches an Android phone with normal priority',
    paragraphs: ['routing/call-end', 'payload/fcm-priority'],
    scope: 'any',
    capability: 'call-end',
    phone: 'android',
    steps: [
      ...ready,
      { do: 'happen', event: callEnd, expect: { ...taken(sealedBackground), shows: { kind: 'ringing-ended' } } },
    ],
  },
  {
    id: 'calls-without-pushkit-each-show',
    title: 'Alerts for calls are never held back',
    paragraphs: ['routing/call-without-pushkit'],
    scope: 'sealpost',
    phone: 'siskin',
    pushKit: false,
    steps: [
      ...ready,
      { do: 'happen', event: callOffer, expect: { ...taken(callAlert), unopened: true } },
      { do: 'happen', event: callOffer, expect: { ...taken(callAlert), unopened: true } },
    ],
  },
];
