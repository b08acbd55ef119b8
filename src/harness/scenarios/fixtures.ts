/** What scenarios have in common to say. */
import type { ServerEvent } from '../server/event.ts';
import type { Expectation, PushExpectation, Step } from './scenario.ts';

export const juliet = 'juliet@capulet.example/balcony';

export const message: ServerEvent = { kind: 'message', from: juliet, body: 'Wherefore art thou, Romeo? 🌹' };
export const groupchat: ServerEvent = {
  kind: 'groupchat',
  room: 'coven@chat.shakespeare.example',
  nickname: 'First Witch',
  body: 'When shall we three meet again?',
};
export const subscription: ServerEvent = { kind: 'subscription', from: 'paris@verona.example' };
export const callOffer: ServerEvent = {
  kind: 'call-offer',
  from: juliet,
  sid: 'a73sjjvkla37jfea',
  media: ['audio', 'video'],
};
export const callEnd: ServerEvent = { kind: 'call-end', from: juliet, sid: 'a73sjjvkla37jfea' };
export const receipt: ServerEvent = { kind: 'receipt', from: juliet };
export const chatState: ServerEvent = { kind: 'chat-state', from: juliet };
export const readElsewhere: ServerEvent = { kind: 'read-elsewhere' };

/** Before the first push: what every client does. */
export const ready: readonly Step[] = [{ do: 'register' }, { do: 'enable' }];

export const sealedKeys: readonly string[] = ['account', 'encrypted', 'iv'];
export const sealedAlert: PushExpectation = { kind: 'alert', keys: sealedKeys, values: { account: '{account}' } };
export const sealedBackground: PushExpectation = {
  kind: 'background',
  keys: sealedKeys,
  values: { account: '{account}' },
};
export const bareAlert: PushExpectation = { kind: 'alert', keys: ['account'], values: { account: '{account}' } };
export const bareBackground: PushExpectation = {
  kind: 'background',
  keys: ['account'],
  values: { account: '{account}' },
};
export const clearing: PushExpectation = {
  kind: 'background',
  keys: ['account', 'unread-messages'],
  values: { 'unread-messages': 0 },
};
export const ringing: PushExpectation = { kind: 'voip', to: 'second', keys: sealedKeys, lifetimeS: 0 };
export const callAlert: PushExpectation = { kind: 'call-alert', keys: sealedKeys, lifetimeS: 30 };

/** A message that arrives as it should: the state from which trouble begins. */
export const delivered: Step = { do: 'happen', event: message, expect: { answer: 'result', pushes: [sealedAlert] } };

/** Accepted, with these pushes. */
export function taken(...pushes: PushExpectation[]): Expectation {
  return { answer: 'result', pushes };
}

/** Inside of `<notification/>`, written by hand. */
export const encrypted = `<encrypted xmlns='tigase:push:encrypt:0' iv='{iv}'>{sealed}</encrypted>`;
export const high = `<priority xmlns='tigase:push:priority:0'>high</priority>`;
export const low = `<priority xmlns='tigase:push:priority:0'>low</priority>`;

/** A summary form with these fields. */
export function summaryForm(fields: Readonly<Record<string, string>>): string {
  const written = Object.entries({ FORM_TYPE: 'urn:xmpp:push:summary', ...fields }).map(
    ([name, value]) => `<field var='${name}'><value>${value}</value></field>`,
  );
  return `<x xmlns='jabber:x:data'>${written.join('')}</x>`;
}
