/**
 * How Conversations and its relatives register with p2, the app server that they were made for, and what each accepts as
 * an answer: Conversations 2.12, its forks of 2026, Snikket for Android 2025.
 */
import { createHash } from 'node:crypto';
import { escapeXML } from 'ltx';
import type { Envelope, RegistrationReading } from './models.ts';
import { attribute, type IqAnswer } from '../server/stanza.ts';

/** A client's habits, as data. */
export interface P2Model {
  readonly name: 'conversations' | 'conversations-2026' | 'snikket-android';
  /** The address in `<enable/>`: that of the answer, which must then be one, or that which the command went to. */
  readonly enablesAt: 'answered' | 'asked';
  /** Whether an answer without a valid `status`, or with another than `completed`, is an error to it. */
  readonly wantsCompleted: boolean;
  /** Whether it drops a push without `account`; others reconnect what is off-line all the same. */
  readonly needsAccount: boolean;
}

export const conversations: P2Model = {
  name: 'conversations',
  enablesAt: 'answered',
  wantsCompleted: false,
  needsAccount: false,
};

export const conversations2026: P2Model = {
  name: 'conversations-2026',
  enablesAt: 'asked',
  wantsCompleted: true,
  needsAccount: true,
};

export const snikketAndroid: P2Model = { ...conversations, name: 'snikket-android', enablesAt: 'asked' };

const commands = 'http://jabber.org/protocol/commands';

/** What names a device to p2. */
export interface P2Device {
  /** FCM registration token. */
  readonly token: string;
  /** Differs by device, user and signing key. */
  readonly androidId: string;
}

/** The request, with `action='execute'` and fields without type. */
export function writeP2Registration({ from, to, id }: Envelope, { token, androidId }: P2Device): string {
  return (
    `<iq type='set' id='${id}' from='${escapeXML(from)}' to='${escapeXML(to)}'>` +
    `<command xmlns='${commands}' node='register-push-fcm' action='execute'><x xmlns='jabber:x:data' type='submit'>` +
    `<field var='token'><value>${escapeXML(token)}</value></field>` +
    `<field var='android-id'><value>${escapeXML(androidId)}</value></field></x></command></iq>`
  );
}

/** What such a client made of an answer. */
export type P2Reading =
  | { readonly kind: 'registered'; readonly jid: string; readonly node: string; readonly secret: string }
  | Exclude<RegistrationReading, { kind: 'registered' }>;

/** Reads an answer with the client's own eyes. */
export function readP2Registration(model: P2Model, { to }: Pick<Envelope, 'to'>, answer: IqAnswer): P2Reading {
  if (answer.kind === 'error') return { kind: 'refused', condition: answer.condition };
  if (answer.kind !== 'result') return { kind: 'refused', condition: 'remote-server-timeout' };
  const command = answer.stanza.getChild('command', commands);
  const status = command && attribute(command, 'status');
  if (model.wantsCompleted && status !== 'completed') return { kind: 'crash', why: 'there is no valid status' };
  const form = command?.getChild('x', 'jabber:x:data');
  if (!form) return { kind: 'refused', condition: 'undefined-condition' };
  const read = (name: string) =>
    form
      .getChildren('field')
      .find((field) => attribute(field, 'var') === name)
      ?.getChildText('value') ?? '';
  const [jid, node, secret] = [model.enablesAt === 'asked' ? to : read('jid'), read('node'), read('secret')];
  if (jid === '') return { kind: 'crash', why: 'no jid' };
  if (node === '' || secret === '') return { kind: 'refused', condition: 'undefined-condition' };
  return { kind: 'registered', jid, node, secret };
}

/** `<enable/>`, with the secret for its server to show with each publish. */
export function writeP2Enable({ jid, node, secret }: P2Reading & { kind: 'registered' }): string {
  return (
    `<enable xmlns='urn:xmpp:push:0' jid='${escapeXML(jid)}' node='${escapeXML(node)}'>` +
    `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>` +
    `<value>http://jabber.org/protocol/pubsub#publish-options</value></field>` +
    `<field var='secret'><value>${escapeXML(secret)}</value></field></x></enable>`
  );
}

/** By what the client knows an account, or a room, in a push. */
export function hashOf(bareJid: string, { androidId }: Pick<P2Device, 'androidId'>): string {
  return createHash('sha1').update(`${bareJid}\0${androidId}`).digest('hex');
}

/**
 * What a data message does to the client. `prompt`: the account that it names is looked after at once, on-line or not;
 * `late`: its priority is normal, so that a dozing device gets it in the next maintenance window.
 */
export function receiveP2Push(
  model: P2Model,
  device: P2Device,
  accounts: readonly string[],
  message: { readonly data?: Readonly<Record<string, string>>; readonly android?: { readonly priority?: string } },
): { readonly kind: 'dropped' } | { readonly kind: 'woken'; readonly prompt?: string; readonly late: boolean } {
  const hash = message.data?.['account'] ?? '';
  if (model.needsAccount && hash === '') return { kind: 'dropped' };
  const prompt = accounts.find((account) => hashOf(account, device) === hash);
  const late = message.android?.priority !== 'high';
  return { kind: 'woken', ...(prompt !== undefined && { prompt }), late };
}
