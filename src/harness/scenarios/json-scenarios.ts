/** The JSON of "Encrypted Push Notifications" 4.4, field by field. */
import type { Scenario } from './scenario.ts';
import {
  callEnd,
  callOffer,
  delivered,
  encrypted,
  groupchat,
  high,
  juliet,
  message,
  ready,
  ringing,
  sealedAlert,
  sealedKeys,
  subscription,
  taken,
} from './fixtures.ts';

export const jsonScenarios: readonly Scenario[] = [
  {
    id: 'no-form',
    title: 'Where sealing is on, the stanza holds neither form nor sender nor body',
    paragraphs: ['encrypt/4.4-no-form'],
    scope: 'any',
    capability: 'sealed-alert',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: message,
        expect: { ...taken(sealedAlert), stanza: { lacks: ['jabber:x:data', 'juliet', 'Romeo?'] } },
      },
    ],
  },
  {
    id: 'json-chat',
    title: 'The JSON of a message: a number, a bare JID, the type chat, the body',
    paragraphs: ['encrypt/4.4-unread', 'encrypt/4.4-sender', 'encrypt/4.4-chat', 'encrypt/4.4-message'],
    scope: 'any',
    capability: 'sealed-alert',
    phone: 'iphone',
    steps: [
      ...ready,
      delivered,
      {
        do: 'happen',
        event: message,
        expect: {
          ...taken(sealedAlert),
          opened: {
            unread: 2,
            sender: 'juliet@capulet.example',
            type: 'chat',
            message: 'Wherefore art thou, Romeo? 🌹',
            nickname: null,
            sid: null,
          },
        },
      },
    ],
  },
  {
    id: 'json-groupchat',
    title: 'The JSON of a group chat names the room, and who wrote as nickname',
    paragraphs: ['encrypt/4.4-groupchat', 'encrypt/4.4-nickname', 'encrypt/4.4-sender'],
    scope: 'any',
    capability: 'sealed-alert',
    phone: 'iphone',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: groupchat,
        expect: {
          ...taken(sealedAlert),
          opened: { sender: 'coven@chat.shakespeare.example', type: 'groupchat', nickname: 'First Witch', sid: null },
        },
      },
    ],
  },
  {
    id: 'json-subscribe',
    title: 'The JSON of a subscription request has the type subscribe and no message',
    paragraphs: ['encrypt/4.4-subscribe'],
    scope: 'any',
    capability: 'sealed-alert',
    phone: 'iphone',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: subscription,
        expect: { ...taken(sealedAlert), opened: { sender: 'paris@verona.example', type: 'subscribe', message: null } },
      },
    ],
  },
  {
    id: 'json-call',
    title: 'The JSON of a call names the session, the media and the resource that calls',
    paragraphs: ['encrypt/4.4-call', 'encrypt/4.4-sid', 'encrypt/4.4-media', 'encrypt/4.4-caller'],
    scope: 'any',
    capability: 'sealed-call',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: callOffer,
        expect: {
          ...taken(ringing),
          opened: { type: 'call', sender: juliet, sid: 'a73sjjvkla37jfea', media: ['audio', 'video'], message: null },
        },
      },
    ],
  },
  {
    id: 'json-call-end',
    title: 'The JSON of the end of a call has no media: by that phones tell it from an offer',
    paragraphs: ['encrypt/4.4-media', 'encrypt/4.4-caller'],
    scope: 'any',
    capability: 'call-end',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: callEnd,
        expect: {
          ...taken({ kind: 'background', keys: sealedKeys }),
          opened: { type: 'call', sender: juliet, sid: 'a73sjjvkla37jfea', media: null },
        },
      },
    ],
  },
  {
    id: 'account-removed',
    title:
      'What Tigase seals when an account is removed arrives, and Siskin, which cannot read it, shows the alert as it is',
    paragraphs: ['encrypt/4.4-account-removed'],
    scope: 'any',
    capability: 'sealed-alert',
    phone: 'siskin',
    server: 'tigase',
    steps: [
      ...ready,
      {
        do: 'publish',
        payload: '{"type":"account-removed","account":"{account}"}',
        notification: encrypted + high,
        expect: {
          ...taken(sealedAlert),
          opened: { type: 'account-removed', sender: null },
          shows: { kind: 'notification' },
        },
      },
    ],
  },
];
