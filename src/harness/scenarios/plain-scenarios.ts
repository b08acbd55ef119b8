/** What comes of notifications in clear: the design's section 5. */
import type { Scenario } from './scenario.ts';
import {
  bareAlert,
  bareBackground,
  groupchat,
  high,
  juliet,
  message,
  ready,
  receipt,
  summaryForm,
  taken,
} from './fixtures.ts';

const forwardedKeys = ['account', 'body', 'nickname', 'sender', 'unread-messages'];

export const plainScenarios: readonly Scenario[] = [
  {
    id: 'plain-message',
    title: 'A message in clear is a generic alert: neither sender nor body leave the server',
    paragraphs: ['routing/plain-visible', 'routing/plain-forward'],
    scope: 'sealpost',
    phone: 'siskin',
    server: 'mongooseim',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: message,
        expect: {
          ...taken({ ...bareAlert, lifetimeS: 604_800 }),
          shows: { kind: 'notification', text: 'New message!' },
        },
      },
    ],
  },
  {
    id: 'plain-message-of-ejabberd',
    title: 'The stand-in body of ejabberd is an alert',
    paragraphs: ['routing/plain-visible'],
    scope: 'any',
    capability: 'plain',
    phone: 'siskin',
    server: 'ejabberd',
    steps: [
      ...ready,
      { do: 'happen', event: message, expect: { ...taken({ kind: 'alert' }), shows: { kind: 'notification' } } },
    ],
  },
  ...(['prosody-13', 'tigase', 'mongooseim'] as const).map((server): Scenario => ({
    id: `plain-message-of-${server}`,
    title: `A message in clear, as ${server} writes it, is an alert`,
    paragraphs: ['routing/plain-visible'],
    scope: 'any',
    capability: 'plain',
    phone: 'siskin',
    server,
    steps: [
      { do: 'register' },
      { do: 'enable', sealed: false },
      { do: 'happen', event: message, expect: { ...taken({ kind: 'alert' }), shows: { kind: 'notification' } } },
    ],
  })),
  {
    id: 'plain-messages-each-show',
    title: 'Alerts in clear are never held back',
    paragraphs: ['routing/plain-visible'],
    scope: 'sealpost',
    phone: 'siskin',
    server: 'ejabberd',
    steps: [
      ...ready,
      { do: 'happen', event: message, expect: taken(bareAlert) },
      { do: 'happen', event: groupchat, expect: taken(bareAlert) },
    ],
  },
  {
    id: 'plain-high-without-body',
    title: 'A form without body is an alert when it is of high priority',
    paragraphs: ['routing/plain-visible'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      { do: 'publish', notification: summaryForm({ 'message-count': '1' }) + high, expect: taken(bareAlert) },
    ],
  },
  {
    id: 'plain-forwarded',
    title: 'An app may say that sender and body go to the provider',
    paragraphs: ['routing/plain-forward'],
    scope: 'sealpost',
    phone: 'siskin',
    app: 'iphone-forwarding',
    server: 'mongooseim',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: message,
        expect: {
          ...taken({
            kind: 'alert',
            keys: ['account', 'body', 'sender', 'unread-messages'],
            values: { 'unread-messages': 1, sender: 'juliet@capulet.example', body: 'Wherefore art thou, Romeo? 🌹' },
          }),
          shows: { kind: 'notification', title: 'juliet@capulet.example' },
        },
      },
    ],
  },
  {
    id: 'plain-nickname-forwarded',
    title: 'The nickname in a group chat goes along with sender and body',
    paragraphs: ['routing/plain-forward'],
    scope: 'sealpost',
    phone: 'siskin',
    app: 'iphone-forwarding',
    server: 'tigase',
    steps: [
      { do: 'register' },
      { do: 'enable', sealed: false },
      {
        do: 'happen',
        event: groupchat,
        expect: taken({ kind: 'alert', values: { nickname: 'First Witch' }, keys: forwardedKeys }),
      },
    ],
  },
  {
    id: 'plain-forwarded-on-android',
    title: 'On Android, too, all of it strings',
    paragraphs: ['routing/plain-forward', 'payload/fcm'],
    scope: 'sealpost',
    phone: 'stork',
    app: 'android-forwarding',
    server: 'mongooseim',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: message,
        expect: taken({ kind: 'alert', values: { 'unread-messages': '1', sender: 'juliet@capulet.example' } }),
      },
    ],
  },
  {
    id: 'wake-up',
    title: 'What says nothing wakes the app and shows nothing',
    paragraphs: ['routing/wake-up'],
    scope: 'any',
    capability: 'quiet',
    phone: 'siskin',
    server: 'ejabberd',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: receipt,
        expect: { ...taken({ kind: 'background' }), optional: true, shows: { kind: 'nothing' } },
      },
    ],
  },
  {
    id: 'wake-ups-coalesced',
    title: 'Many wake-ups become one now and one when the interval is over',
    paragraphs: ['routing/wake-up', 'outcome/rate-limit'],
    scope: 'sealpost',
    phone: 'siskin',
    app: 'iphone-coalescing',
    server: 'ejabberd',
    steps: [
      ...ready,
      { do: 'happen', event: receipt, expect: taken({ ...bareBackground, lifetimeS: 3600 }) },
      { do: 'happen', event: receipt, expect: taken() },
      { do: 'happen', event: receipt, expect: taken() },
      { do: 'wait', expect: bareBackground },
    ],
  },
  {
    id: 'wake-up-holds-no-alert-back',
    title: 'An alert goes at once although a wake-up has just gone',
    paragraphs: ['routing/wake-up'],
    scope: 'sealpost',
    phone: 'siskin',
    server: 'ejabberd',
    steps: [
      ...ready,
      { do: 'happen', event: receipt, expect: taken(bareBackground) },
      { do: 'happen', event: message, expect: taken(bareAlert) },
    ],
  },
  {
    id: 'wake-up-by-count',
    title: 'A count above zero without body wakes the app',
    paragraphs: ['routing/wake-up', 'routing/read-elsewhere'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      { do: 'publish', notification: summaryForm({ 'message-count': '2' }), expect: taken(bareBackground) },
    ],
  },
  {
    id: 'count-zero-with-sender',
    title: 'A count of zero with a sender clears nothing',
    paragraphs: ['routing/read-elsewhere'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: summaryForm({ 'message-count': '0', 'last-message-sender': juliet }),
        expect: taken(bareBackground),
      },
    ],
  },
  {
    id: 'count-zero-with-body',
    title: 'A count of zero with a body is a message all the same',
    paragraphs: ['routing/read-elsewhere', 'routing/plain-visible'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: summaryForm({ 'message-count': '0', 'last-message-body': 'By hand' }),
        expect: taken(bareAlert),
      },
    ],
  },
];
