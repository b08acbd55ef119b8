/**
 * Publishes of notifications: XEP-0357 section 7 (on XEP-0060 section 7.1), and Tigase's "Encrypted Push Notifications"
 * section 4.4. Nothing is decrypted and no tag is checked: Prosody on luaossl sends sixteen zero bytes for one.
 */
import type { Notification, NotificationContent, Priority } from '../../core/notification.ts';
import { attribute, child, children, detach, type Element, text } from '../stream/element.ts';
import { formType, readForm } from './form.ts';
import type { FormFields } from '../../conventions/command.ts';
import { NS } from '../stream/namespaces.ts';

/** What is wrong with a publish; each word is fit for a log. */
export type PublishFault = 'no-node' | 'no-notification' | 'bad-iv' | 'bad-ciphertext' | 'ciphertext-too-short';

/** `notPublish`: a PubSub request of another kind. */
export type ParsedPublish =
  | { readonly kind: 'notification'; readonly notification: Notification }
  | { readonly kind: 'fault'; readonly fault: PublishFault }
  | { readonly kind: 'not-a-publish' };

/**
 * The shortest ciphertext that is handed on, in bytes: a tag and at least one byte. With less than a tag the extension
 * of deployed clients crashes.
 */
const CIPHERTEXT_MIN = 17;

/**
 * Understands the payload of an IQ-set. All strings of the notification are copies, free to outlive the stanza.
 * @param pubsub `<pubsub xmlns='http://jabber.org/protocol/pubsub'/>`
 * @param publisher `from` of the IQ
 */
export function parsePublish(pubsub: Element, publisher: string): ParsedPublish {
  const publish = child(pubsub, 'publish', NS.pubsub);
  if (!publish) return { kind: 'not-a-publish' };
  const node = attribute(publish, 'node');
  // Prosody publishes so when the client enabled push without a node; no registration can be meant.
  if (node === undefined || node === '') return { kind: 'fault', fault: 'no-node' };
  const event = lastNotification(publish);
  if (!event) return { kind: 'fault', fault: 'no-notification' };
  const content = readContent(event);
  if (typeof content === 'string') return { kind: 'fault', fault: content };
  const priority = readPriority(event);
  const options = readOptions(pubsub);
  const secret = options?.get('secret');
  const pushModule = options?.get('pushModule');
  return {
    kind: 'notification',
    notification: {
      node: detach(node),
      publisher: detach(publisher),
      content,
      ...(priority && { priority }),
      ...(secret !== undefined && { secret: detach(secret) }),
      ...(pushModule !== undefined && { pushModule: detach(pushModule) }),
    },
  };
}

/**
 * XEP-0357 knows one item. Should several come, they are in order of time, and the last tells how things stand: one
 * publish has one answer, so it can be one push at most.
 */
function lastNotification(publish: Element): Element | undefined {
  return children(publish, 'item', NS.pubsub)
    .flatMap((item) => children(item, 'notification', NS.push))
    .at(-1);
}

/** When there is something sealed, all that is beside it in clear (Tigase: nicknames, media) is dropped here. */
function readContent(event: Element): NotificationContent | PublishFault {
  const encrypted = child(event, 'encrypted', NS.encrypt);
  return encrypted ? readSealed(encrypted) : readSummary(event);
}

function readSealed(encrypted: Element): NotificationContent | PublishFault {
  const iv = normaliseBase64(attribute(encrypted, 'iv') ?? '');
  if (iv === undefined || iv === '') return 'bad-iv';
  const ciphertext = normaliseBase64(text(encrypted));
  if (ciphertext === undefined) return 'bad-ciphertext';
  if (decodedLength(ciphertext) < CIPHERTEXT_MIN) return 'ciphertext-too-short';
  return { kind: 'sealed', ciphertext, iv, voip: attribute(encrypted, 'type') === 'voip' };
}

function readSummary(event: Element): NotificationContent {
  const fields = children(event, 'x', NS.form)
    .map(readForm)
    .find((each) => (formType(each) ?? NS.pushSummary) === NS.pushSummary);
  const messageCount = readCount(fields?.get('message-count'));
  const sender = fields?.get('last-message-sender');
  const body = fields?.get('last-message-body');
  const groupchat = child(event, 'groupchat', NS.offlineGroupchat);
  const nickname = groupchat && child(groupchat, 'nickname', NS.offlineGroupchat);
  const nicknameText = nickname ? text(nickname) : '';
  return {
    kind: 'summary',
    ...(messageCount !== undefined && { messageCount }),
    ...(sender !== undefined && { sender: detach(sender) }),
    ...(body !== undefined && { body: detach(body) }),
    ...(nicknameText !== '' && { nickname: detach(nicknameText) }),
  };
}

/** A count that is none is as good as no count. */
function readCount(written: string | undefined): number | undefined {
  if (written === undefined || !/^\s*\d{1,9}\s*$/.test(written)) return undefined;
  return Number(written);
}

function readPriority(event: Element): Priority | undefined {
  const element = child(event, 'priority', NS.priority);
  const written = element && text(element).trim();
  return written === 'high' || written === 'low' ? written : undefined;
}

/** XEP-0060 section 7.1.5, given at enabling (XEP-0357 section 5). */
function readOptions(pubsub: Element): FormFields | undefined {
  const options = child(pubsub, 'publish-options', NS.pubsub);
  const form = options && child(options, 'x', NS.form);
  return form && readForm(form);
}

const BASE64 = /^[A-Za-z0-9+/]*$/;

/**
 * Base64 (RFC 4648 section 4) as devices want it: no white space, padded. A copy.
 * @returns undefined when it is not that alphabet, or can have no such length
 */
export function normaliseBase64(written: string): string | undefined {
  // Nearly all is written as it should be; decoding and encoding it tells so ten times faster than looking at each letter.
  const copy = Buffer.from(written, 'base64').toString('base64');
  if (copy === written) return copy;
  const bare = (/\s/.test(written) ? written.replace(/\s+/g, '') : written).replace(/={1,2}$/, '');
  if (bare.length % 4 === 1 || !BASE64.test(bare)) return undefined;
  return detach(bare.padEnd(Math.ceil(bare.length / 4) * 4, '='));
}

function decodedLength(padded: string): number {
  return Buffer.byteLength(padded, 'base64');
}
