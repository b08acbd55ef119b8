/** What the demonstration plays, as data. */
import type { ServerEvent } from '../server/event.ts';

/** Whom it happens to. */
export type Role =
  /** Has an iPhone with PushKit and an Android phone, behind a server that seals. */
  | 'romeo'
  /** Has an iPhone that never registered a PushKit token. */
  | 'benvolio'
  /** Has both phones, behind a server that cannot seal. */
  | 'mercutio';

export interface Scene {
  readonly title: string;
  readonly role: Role;
  readonly event: ServerEvent;
  /** What Apple must be asked for. */
  readonly apns: 'alert' | 'voip' | 'background';
  /** `android.priority`. */
  readonly fcm: 'high' | 'normal';
  /** Whether the device must be able to open it. */
  readonly opens: boolean;
}

const juliet = 'juliet@capulet.example/balcony';

const soliloquy =
  'O Romeo, Romeo! Wherefore art thou Romeo? Deny thy father and refuse thy name; or, if thou wilt not, be but sworn my ' +
  "love, and I'll no longer be a Capulet. ";

export const scenes: readonly Scene[] = [
  {
    title: 'Chat message',
    role: 'romeo',
    event: { kind: 'message', from: juliet, body: 'Art thou not Romeo, and a Montague? 🌹' },
    apns: 'alert',
    fcm: 'high',
    opens: true,
  },
  {
    title: 'Group chat',
    role: 'romeo',
    event: {
      kind: 'groupchat',
      room: 'coven@chat.shakespeare.example',
      nickname: 'First Witch',
      body: 'When shall we three meet again?',
    },
    apns: 'alert',
    fcm: 'high',
    opens: true,
  },
  {
    title: 'Subscription request',
    role: 'romeo',
    event: { kind: 'subscription', from: 'paris@verona.example/palace' },
    apns: 'alert',
    fcm: 'high',
    opens: true,
  },
  {
    title: 'Call',
    role: 'romeo',
    event: { kind: 'call-offer', from: juliet, sid: 'a73sjjvkla37jfea', media: ['audio', 'video'] },
    apns: 'voip',
    fcm: 'high',
    opens: true,
  },
  {
    title: 'Call given up',
    role: 'romeo',
    event: { kind: 'call-end', from: juliet, sid: 'a73sjjvkla37jfea' },
    apns: 'background',
    fcm: 'normal',
    opens: true,
  },
  {
    title: 'Call to an iPhone without PushKit token',
    role: 'benvolio',
    event: { kind: 'call-offer', from: juliet, sid: 'ca3cf894-5325-482f', media: ['audio'] },
    apns: 'alert',
    fcm: 'high',
    opens: false,
  },
  {
    title: 'Over-long message',
    role: 'romeo',
    event: { kind: 'message', from: juliet, body: soliloquy.repeat(40).trim() },
    apns: 'alert',
    fcm: 'high',
    opens: true,
  },
  {
    title: 'Message from a server that does not seal',
    role: 'mercutio',
    event: { kind: 'message', from: juliet, body: 'A plague o’ both your houses!' },
    apns: 'alert',
    fcm: 'high',
    opens: false,
  },
];

/** Lines for the notifications that go on until somebody ends the demonstration. */
export const lines: readonly string[] = [
  'But, soft! what light through yonder window breaks?',
  'My bounty is as boundless as the sea, my love as deep.',
  'Parting is such sweet sorrow, that I shall say good night till it be morrow.',
  'These violent delights have violent ends.',
  'Thus with a kiss I die.',
  'What’s in a name? That which we call a rose by any other name would smell as sweet.',
];
