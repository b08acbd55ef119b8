/**
 * Reads publishes: XEP-0357 section 7 (on XEP-0060 section 7.1) and Tigase's "Encrypted Push Notifications" section
 * 4.4. It neither decrypts nor checks a tag: Prosody on luaossl sends sixteen zero bytes as the tag.
 */
import { contentMax } from '../../core/routing.ts';
import type { Notification, NotificationContent, Priority } from '../../core/notification.ts';
import { attribute, child, children, detach, type Element, isElement, text } from '../stream/element.ts';
import { formType, readForm } from './form.ts';
import type { FormFields } from '../../conventions/command.ts';
import { NS } from '../stream/namespaces.ts';

/** What is wrong with a publish, as a word for the log. */
export type PublishFault = 'no-node' | 'no-notification' | 'bad-iv' | 'bad-ciphertext' | 'ciphertext-too-short';

/** Result of reading a PubSub request; `not-a-publish`: it asks for something else. */
export type ParsedPublish =
  | { readonly kind: 'notification'; readonly notification: Notification }
  | { readonly kind: 'fault'; readonly fault: PublishFault }
  | { readonly kind: 'not-a-publish' };

/** Shortest ciphertext forwarded, in bytes: a tag and one byte. Deployed clients crash on less than a tag. */
const CIPHERTEXT_MIN = 17;

/**
 * Characters of a text or a ciphertext that are kept; a multiple of four. What is left of a longer one is still too long to
 * be forwarded, or to be a secret, and a whole stanza of text need not be copied and held.
 */
export const TEXT_MAX = 2 * contentMax;

/**
 * Reads the payload of an IQ-set. All strings of the notification are copies, so the packet is not kept in memory.
 * @param pubsub `<pubsub xmlns='http://jabber.org/protocol/pubsub'/>`
 * @param publisher `from` of the IQ
 */
export function parsePublish(pubsub: Element, publisher: string): ParsedPublish {
  const publish = child(pubsub, 'publish', NS.pubsub);
  if (!publish) return { kind: 'not-a-publish' };
  const node = attribute(publish, 'node');
  // Prosody publishes without a node if the client enabled push without one.
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
      ...(secret !== undefined && { secret: keep(secret) }),
      ...(pushModule !== undefined && { pushModule: keep(pushModule) }),
    },
  };
}

/**
 * XEP-0357 allows one item. If several come, they are in order of time and the last one counts, since one publish has
 * one answer and so leads to one push at most.
 */
function lastNotification(publish: Element): Element | undefined {
  let last: Element | undefined;
  for (const item of publish.children) {
    if (!isElement(item, 'item', NS.pubsub)) continue;
    for (const each of item.children) if (isElement(each, 'notification', NS.push)) last = each;
  }
  return last;
}

/** If there is sealed content, unsealed data beside it is dropped (Tigase: nicknames, media). */
function readContent(event: Element): NotificationContent | PublishFault {
  const encrypted = child(event, 'encrypted', NS.encrypt);
  return encrypted ? readSealed(encrypted) : readSummary(event);
}

function readSealed(encrypted: Element): NotificationContent | PublishFault {
  const iv = normaliseBase64(attribute(encrypted, 'iv') ?? '');
  if (iv === undefined || iv === '') return 'bad-iv';
  const ciphertext = normaliseBase64(startOfBase64(text(encrypted)));
  if (ciphertext === undefined) return 'bad-ciphertext';
  if (decodedLength(ciphertext) < CIPHERTEXT_MIN) return 'ciphertext-too-short';
  return { kind: 'sealed', ciphertext, iv, voip: attribute(encrypted, 'type') === 'voip' };
}

/** Whole groups of four letters, so that the start of valid base64 is valid. */
function startOfBase64(written: string): string {
  if (written.length <= TEXT_MAX) return written;
  return withoutSpace(written).slice(0, TEXT_MAX);
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
    ...(sender !== undefined && { sender: keep(sender) }),
    ...(body !== undefined && { body: keep(body) }),
    ...(nicknameText !== '' && { nickname: keep(nicknameText) }),
  };
}

function keep(value: string): string {
  return detach(value.length > TEXT_MAX ? value.slice(0, TEXT_MAX) : value);
}

/** An invalid count is treated like none. */
function readCount(written: string | undefined): number | undefined {
  if (written === undefined || !/^\s*\d{1,9}\s*$/.test(written)) return undefined;
  return Number(written);
}

function readPriority(event: Element): Priority | undefined {
  const element = child(event, 'priority', NS.priority);
  const written = element && text(element).trim();
  return written === 'high' || written === 'low' ? written : undefined;
}

/** The publish-options (XEP-0060 section 7.1.5) that the client set when it enabled push (XEP-0357 section 5). */
function readOptions(pubsub: Element): FormFields | undefined {
  const options = child(pubsub, 'publish-options', NS.pubsub);
  const form = options && child(options, 'x', NS.form);
  return form && readForm(form);
}

const BASE64 = /^[A-Za-z0-9+/]*$/;

/**
 * Base64 (RFC 4648 section 4) as devices expect it: padded and without white space. Returns a copy.
 * @returns undefined if the alphabet or the length is not valid
 */
export function normaliseBase64(written: string): string | undefined {
  // Nearly all input is canonical; a decode and encode round trip shows that far faster than checking letters.
  const copy = Buffer.from(written, 'base64').toString('base64');
  if (copy === written) return copy;
  const bare = withoutSpace(written).replace(/={1,2}$/, '');
  if (bare.length % 4 === 1 || !BASE64.test(bare)) return undefined;
  return detach(bare.padEnd(Math.ceil(bare.length / 4) * 4, '='));
}

function withoutSpace(written: string): string {
  return /\s/.test(written) ? written.replace(/\s+/g, '') : written;
}

function decodedLength(padded: string): number {
  return Buffer.byteLength(padded, 'base64');
}
