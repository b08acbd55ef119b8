/** Stanza errors (RFC 6120 section 8.3): the only table of types, conditions and texts. */
import type { CommandRefusal } from '../../conventions/command.ts';
import type { Answer } from '../../core/answers.ts';
import { NS } from '../stream/namespaces.ts';
import { PUBSUB_FEATURES, type PubsubFeature } from './pubsub-features.ts';

interface ErrorRow {
  readonly type: 'auth' | 'cancel' | 'modify' | 'wait';
  /** Element name of the condition (RFC 6120 section 8.3.3). */
  readonly condition: string;
  /** Condition defined by another specification; it follows the first one. */
  readonly specific?: { readonly name: string; readonly namespace: string; readonly attributes?: string };
  /** What the other side should do. */
  readonly text: string;
}

/**
 * The first four answer a publish. They are chosen for their effect on the publishing server: `wait` with
 * `internal-server-error` or `bad-request` keeps the registration everywhere, `cancel` with `item-not-found` drops it
 * everywhere. `modify` would drop it on ejabberd, so every malformed IQ gets `wait`.
 */
const ERRORS = {
  'item-not-found': {
    type: 'cancel',
    condition: 'item-not-found',
    text: 'There is no such registration here. Drop it; the device has to register again.',
  },
  'internal-server-error': {
    type: 'wait',
    condition: 'internal-server-error',
    text: 'This cannot be done now. Keep the registration and go on sending.',
  },
  'bad-request': {
    type: 'wait',
    condition: 'bad-request',
    text: 'This request is malformed. Send it as the specification says.',
  },
  forbidden: {
    type: 'auth',
    condition: 'forbidden',
    text: 'Only the server of the registered account may publish here, with the secret of the registration.',
  },
  'service-unavailable': {
    type: 'cancel',
    condition: 'service-unavailable',
    text: 'This service does not do that. Ask for its features by XEP-0030.',
  },
  'unknown-disco-node': {
    type: 'cancel',
    condition: 'item-not-found',
    text: 'There is no such node. Ask for the items of http://jabber.org/protocol/commands.',
  },
  'unsupported-pubsub': {
    type: 'cancel',
    condition: 'feature-not-implemented',
    text: 'Only publishing of notifications (XEP-0357 section 7) is possible here.',
  },
  'unknown-command': {
    type: 'cancel',
    condition: 'item-not-found',
    text: 'There is no such command. Ask for the items of http://jabber.org/protocol/commands.',
  },
  'unknown-action': {
    type: 'modify',
    condition: 'bad-request',
    specific: { name: 'malformed-action', namespace: NS.commands },
    text: 'An action is one of execute, complete, next, prev, cancel.',
  },
  'no-previous-stage': {
    type: 'modify',
    condition: 'bad-request',
    specific: { name: 'bad-action', namespace: NS.commands },
    text: 'There is no previous stage. Complete the command with its form filled in.',
  },
  'no-form': {
    type: 'modify',
    condition: 'bad-request',
    specific: { name: 'bad-payload', namespace: NS.commands },
    text: 'Send this command with its form (XEP-0004) filled in; execute it without to be shown the form.',
  },
  'no-account': {
    type: 'modify',
    condition: 'bad-request',
    text: 'Devices are registered for accounts. Send this as user@domain.',
  },
  'bad-provider': {
    type: 'modify',
    condition: 'not-acceptable',
    text: 'The field provider names no app of this service. Its provider ids are among its features (XEP-0030).',
  },
  'bad-device-token': {
    type: 'modify',
    condition: 'bad-request',
    specific: { name: 'bad-payload', namespace: NS.commands },
    text: 'The field device-token is missing or not a token of this provider. APNs tokens are hexadecimal.',
  },
  'bad-token': {
    type: 'modify',
    condition: 'bad-request',
    specific: { name: 'bad-payload', namespace: NS.commands },
    text: 'The field token is missing or not a token of this provider. APNs tokens are hexadecimal.',
  },
  'bad-device-id': {
    type: 'modify',
    condition: 'bad-request',
    specific: { name: 'bad-payload', namespace: NS.commands },
    text: 'The field device-id (or android-id) is missing, has white space or is longer than 255 characters.',
  },
  'bad-client-node': {
    type: 'modify',
    condition: 'bad-request',
    specific: { name: 'bad-payload', namespace: NS.commands },
    text: 'The field node, your lasting name for the device, is missing, has white space or is longer than 255 characters.',
  },
  'bad-room': {
    type: 'modify',
    condition: 'bad-request',
    specific: { name: 'bad-payload', namespace: NS.commands },
    text: 'The field muc has to be the bare JID of a room, room@service.',
  },
  'bad-type': {
    type: 'modify',
    condition: 'not-acceptable',
    text: 'The field type has to be apns or fcm, and this service has to have an app for it.',
  },
  'too-many-commands': {
    type: 'wait',
    condition: 'resource-constraint',
    text: 'This account registers too often. Nothing was changed; try again in some minutes.',
  },
  'too-many-registrations': {
    type: 'wait',
    condition: 'resource-constraint',
    text: 'This server has too many new devices. Nothing was changed; try again tomorrow.',
  },
  'bad-second-token': {
    type: 'modify',
    condition: 'bad-request',
    specific: { name: 'bad-payload', namespace: NS.commands },
    text: 'The field device-second-token is not a token of this provider. Leave it out or send a PushKit token.',
  },
  'unknown-device': {
    type: 'cancel',
    condition: 'item-not-found',
    text: 'No device with this token is registered for this account. There is nothing left to do.',
  },
} as const satisfies Record<CommandRefusal | Exclude<Answer, 'result'>, ErrorRow> & Record<string, ErrorRow>;

/** Names of the errors that can answer a request. */
export type StanzaError = keyof typeof ERRORS | `unsupported-${PubsubFeature}`;

/** The errors that answer a publish: every answer but `result`. */
export type PublishError = Exclude<Answer, 'result'> & StanzaError;

/** The `<error/>` element. The condition comes first, since registering clients read only the first child. */
export function renderError(error: StanzaError): string {
  return RENDERED[error];
}

const RENDERED = Object.fromEntries([
  ...Object.entries<ErrorRow>(ERRORS).map(([name, row]) => [name, renderRow(row)]),
  ...PUBSUB_FEATURES.map((feature) => [
    `unsupported-${feature}`,
    renderRow({
      ...ERRORS['unsupported-pubsub'],
      specific: { name: 'unsupported', namespace: NS.pubsubErrors, attributes: ` feature='${feature}'` },
    }),
  ]),
]) as Record<StanzaError, string>;

function renderRow({ type, condition, specific, text }: ErrorRow): string {
  return (
    `<error type='${type}'><${condition} xmlns='${NS.stanzaErrors}'/>` +
    `<text xmlns='${NS.stanzaErrors}' xml:lang='en'>${text}</text>` +
    (specific ? `<${specific.name} xmlns='${specific.namespace}'${specific.attributes ?? ''}/>` : '') +
    '</error>'
  );
}
