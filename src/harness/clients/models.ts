/**
 * How existing clients register with a push app server by Tigase's ad-hoc commands, and what each accepts as an answer.
 * Literal in what they send, as picky in what they take: Siskin 7.3, Snikket iOS 1.2, Stork of 2023.
 */
import { type Element, escapeXML } from 'ltx';
import { whyNoPushService } from './discovery.ts';
import { attribute, type IqAnswer } from '../server/stanza.ts';

/** A client's habits, as data. */
export interface ClientModel {
  readonly name: 'siskin' | 'snikket' | 'stork' | 'reference';
  /** Value of the form field `provider`, and the feature that discovery looks for. */
  readonly providerId: string;
  /** Whether it asks disco before it registers; otherwise the component's address is built in. */
  readonly discovers: boolean;
  readonly providerFieldType: 'text-single' | 'list-single';
  /** Whether it has a PushKit token to register. */
  readonly rings: boolean;
  /** Whether it asks its server to seal. */
  readonly seals: boolean;
  /** Types of the field `node` that it can read; another one ends in `wrongNodeType`. */
  readonly nodeTypes: readonly string[];
  readonly wrongNodeType: 'refused' | 'crash';
  /** Types of the field `features` that it can read; with another one it sees no features. */
  readonly featuresTypes: readonly string[];
  /** Types that `<x/>` must have one of; empty: it does not look. */
  readonly formTypes: readonly string[];
  /** Values of the command's `status` that it survives; empty: it does not look. */
  readonly statusWords: readonly string[];
  /** Whether `<text/>` before the condition of an error hides the condition from it. */
  readonly conditionFirst: boolean;
  /** Whether it takes a result of unregistering without `<command/>` for a failure. */
  readonly wantsCommand: boolean;
}

const formTypes = ['form', 'result', 'submit', 'cancel'];

export const siskin: ClientModel = {
  name: 'siskin',
  providerId: 'tigase:messenger:apns:1',
  discovers: true,
  providerFieldType: 'text-single',
  rings: true,
  seals: true,
  nodeTypes: ['text-single', 'hidden', 'fixed', 'text-private', 'list-single', 'jid-single'],
  wrongNodeType: 'refused',
  featuresTypes: ['text-multi', 'list-multi'],
  formTypes,
  statusWords: [],
  conditionFirst: false,
  wantsCommand: true,
};

export const snikket: ClientModel = {
  ...siskin,
  name: 'snikket',
  providerId: 'snikket:apns:1',
  nodeTypes: ['text-single'],
  featuresTypes: ['text-multi'],
  conditionFirst: true,
  wantsCommand: false,
};

export const stork: ClientModel = {
  name: 'stork',
  providerId: 'fcm-xmpp-api',
  discovers: false,
  providerFieldType: 'list-single',
  rings: false,
  seals: false,
  nodeTypes: ['text-single'],
  wrongNodeType: 'crash',
  featuresTypes: [],
  formTypes: [],
  statusWords: ['executing', 'completed', 'canceled'],
  conditionFirst: false,
  wantsCommand: false,
};

/** A client on Android that follows the text: Stork's registration, with sealing. No published one does yet. */
export const sealingAndroid: ClientModel = {
  ...siskin,
  name: 'reference',
  providerId: stork.providerId,
  providerFieldType: 'list-single',
  rings: false,
};

const commands = 'http://jabber.org/protocol/commands';

/** What names a device in a registration. */
export interface DeviceTokens {
  /** As the system gave it; APNs tokens are sent in upper-case hex. */
  readonly token: string;
  /** PushKit token, lower-case hex. */
  readonly secondToken?: string;
}

/** Addresses and id of an IQ; `from` is the client's full JID, as its server stamps it. */
export interface Envelope {
  readonly from: string;
  readonly to: string;
  readonly id: string;
}

/** The request in one step: no `action`, no session, no FORM_TYPE. */
export function writeRegistration(client: ClientModel, envelope: Envelope, tokens: DeviceTokens): string {
  const second = client.rings && tokens.secondToken ? [field('device-second-token', tokens.secondToken)] : [];
  return writeCommand('register-device', envelope, [...identifyingFields(client, tokens.token), ...second]);
}

/** Names the provider and the first token; neither the node nor the second token. */
export function writeUnregistration(client: ClientModel, envelope: Envelope, tokens: DeviceTokens): string {
  return writeCommand('unregister-device', envelope, identifyingFields(client, tokens.token));
}

function identifyingFields(client: ClientModel, token: string): string[] {
  return [field('provider', client.providerId, client.providerFieldType), field('device-token', token)];
}

function writeCommand(node: string, { from, to, id }: Envelope, fields: readonly string[]): string {
  return (
    `<iq type='set' id='${id}' from='${escapeXML(from)}' to='${escapeXML(to)}'><command xmlns='${commands}' node='${node}'>` +
    `<x xmlns='jabber:x:data' type='submit'>${fields.join('')}</x></command></iq>`
  );
}

function field(name: string, value: string, type = 'text-single'): string {
  return `<field var='${name}' type='${type}'><value>${escapeXML(value)}</value></field>`;
}

/** What a client made of the answer to its registration. */
export type RegistrationReading =
  | {
      readonly kind: 'registered';
      readonly node: string;
      readonly features: readonly string[];
      readonly maxPayloadSize?: number;
    }
  /** What it tells the user: a stanza error's condition, or `undefined-condition` when it cannot read a result. */
  | { readonly kind: 'refused'; readonly condition: string }
  | { readonly kind: 'crash'; readonly why: string };

/** Reads an answer with the client's own eyes. */
export function readRegistration(client: ClientModel, answer: IqAnswer): RegistrationReading {
  if (answer.kind === 'silence' || answer.kind === 'disconnected') {
    return { kind: 'refused', condition: 'remote-server-timeout' };
  }
  if (answer.kind === 'error') return { kind: 'refused', condition: visibleCondition(client, answer) };
  const command = answer.stanza.getChild('command', commands);
  const status = command && attribute(command, 'status');
  if (status !== undefined && client.statusWords.length > 0 && !client.statusWords.includes(status)) {
    return { kind: 'crash', why: `status '${status}' is no word it knows` };
  }
  const form = command?.getChild('x', 'jabber:x:data');
  if (!form) return client.wrongNodeType === 'crash' ? { kind: 'crash', why: 'no form' } : unreadable;
  const type = attribute(form, 'type');
  if (client.formTypes.length > 0 && !client.formTypes.includes(type ?? '')) return unreadable;
  return readForm(client, form);
}

const unreadable: RegistrationReading = { kind: 'refused', condition: 'undefined-condition' };

function readForm(client: ClientModel, form: Element): RegistrationReading {
  const fields = new Map(form.getChildren('field').map((found) => [attribute(found, 'var'), found]));
  // XEP-0004 section 3.2: a field without type is text-single.
  const read = (name: string, types: readonly string[]) => {
    const found = fields.get(name);
    if (!found) return undefined;
    return types.includes(attribute(found, 'type') ?? 'text-single') ? valuesOf(found) : 'wrong-type';
  };
  const node = read('node', client.nodeTypes);
  if (node === 'wrong-type' && client.wrongNodeType === 'crash') {
    return { kind: 'crash', why: 'the field node is not text-single' };
  }
  if (node === undefined || node === 'wrong-type' || !node[0]) return unreadable;
  const features = read('features', client.featuresTypes);
  const size = read('max-payload-size', ['text-single']);
  const decimal = Array.isArray(size) ? size[0] : undefined;
  return {
    kind: 'registered',
    node: node[0],
    features: Array.isArray(features) ? features : [],
    ...(decimal !== undefined && /^[0-9]+$/.test(decimal) ? { maxPayloadSize: Number(decimal) } : {}),
  };
}

function valuesOf(found: Element): string[] {
  return found.getChildren('value').map((value) => value.getText());
}

/** Reads the answer to an unregistering: `undefined` for success, else the condition that the client sees. */
export function readUnregistration(client: ClientModel, answer: IqAnswer): string | undefined {
  if (answer.kind === 'error') return visibleCondition(client, answer);
  if (answer.kind !== 'result') return 'remote-server-timeout';
  if (!client.wantsCommand || answer.stanza.getChild('command', commands)) return undefined;
  return 'undefined-condition';
}

/** The condition of an error as this client names it. */
function visibleCondition(client: ClientModel, answer: IqAnswer & { kind: 'error' }): string {
  return client.conditionFirst && !answer.conditionFirst ? 'undefined-condition' : answer.condition;
}

/** Whether a disco#info answer shows a push service for this client (XEP-0357 section 4.2 and the provider's id). */
export function isPushService(client: ClientModel, answer: IqAnswer): boolean {
  return whyNoPushService(client.providerId, answer) === undefined;
}
