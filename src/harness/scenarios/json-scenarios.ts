/** The JSON of "Encrypted Push Notifications" 4.4, field by field. */
import type { Scenario } from './scenario.ts';
import {
  callOffer,
  delivered,
  groupchat,
  message,
  ready,
  ringing,
  sealedAlert,
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
    title: 'The JSON of a call names the session',
    paragraphs: ['encrypt/4.4-call', 'encrypt/4.4-sid'],
    scope: 'any',
    capability: 'sealed-call',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'happen',
        event: callOffer,
        expect: { ...taken(ringing), opened: { type: 'call', sid: 'a73sjjvkla37jfea', message: null } },
      },
    ],
  },
];
