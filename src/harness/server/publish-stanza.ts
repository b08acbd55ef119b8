/**
 * The publish by which a server hands an event to the app server: XEP-0357 section 7, Encrypted Push Notifications
 * section 4.4.
 */
import { createHash } from 'node:crypto';
import { escapeXML } from 'ltx';
import { type EnabledDevice, jingleNamespace, priorityNamespace, sealingNamespace } from './enabling.ts';
import { bodyOf, type ServerEvent } from './event.ts';
import { readOmemo } from '../sealing/omemo.ts';
import { describeEvent, type FittedPayload, fitPayload, type SealedPayload } from '../sealing/payload-json.ts';
import { type RandomBytes, seal, type Sealed } from '../sealing/sealing.ts';
import type { Flavour } from './server-flavours.ts';
import { writeSummary } from './summary-form.ts';

export interface PublishRequest {
  readonly flavour: Flavour;
  /** Domain of the publishing server. */
  readonly domain: string;
  /** Bare JID of the account that it happened to. */
  readonly account: string;
  readonly device: EnabledDevice;
  readonly event: ServerEvent;
  /** Unread messages of the account, this one included. */
  readonly unread: number;
  readonly id: string;
  readonly randomBytes: RandomBytes;
}

export interface Publish {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly xml: string;
  /** What was sealed, and the seal; absent where the event went out in clear. */
  readonly sealed?: { readonly content: FittedPayload; readonly seal: Sealed };
}

/**
 * Writes the publish. Where sealing is on, nothing of the event is in clear but what the flavour leaks, and its priority;
 * what has no sealed form (messages read elsewhere) goes out as a summary without content.
 */
export function writePublish(request: PublishRequest): Publish {
  const { flavour, device, event, id } = request;
  const sealed = device.sealing && sealEvent(request, device.sealing);
  const besides = sealed && !flavour.clearBesideSealed ? '' : describeInClear(flavour, event);
  const content = sealed ? writeEncrypted(flavour, event, sealed.seal) : writeSummary(flavour, event, request.unread);
  const inside = `${content}${besides}${writePriority(flavour, device, event)}`;
  const notification = inside
    ? `<notification xmlns='urn:xmpp:push:0'>${inside}</notification>`
    : `<notification xmlns='urn:xmpp:push:0'/>`;
  const node = device.node === undefined ? '' : ` node='${escapeXML(device.node)}'`;
  const options = device.publishOptions ? `<publish-options>${device.publishOptions}</publish-options>` : '';
  const from = publisherOf(request);
  const xml =
    `<iq type='set' from='${escapeXML(from)}' to='${escapeXML(device.jid)}' id='${escapeXML(id)}'>` +
    `<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish${node}><item>${notification}</item></publish>` +
    `${options}</pubsub></iq>`;
  return { id, from, to: device.jid, xml, ...(sealed ? { sealed } : {}) };
}

/** Tigase publishes from a resource that is a hash of node and host, to spread the load over its threads. */
function publisherOf({ flavour, domain, device }: PublishRequest): string {
  if (flavour.publisher === 'domain') return domain;
  const hash = createHash('sha256')
    .update(`${device.node ?? ''} ${device.jid}`)
    .digest('hex');
  return `${domain}/${hash}`;
}

function sealEvent(
  { flavour, account, device, event, unread, randomBytes }: PublishRequest,
  sealing: NonNullable<EnabledDevice['sealing']>,
): Publish['sealed'] {
  const omemo =
    event.kind === 'message' && event.omemo !== undefined && device.omemoDevice !== undefined
      ? readOmemo(event.omemo, account, device.omemoDevice)
      : undefined;
  const payload = describeEvent(event, flavour.unread === 'counted' ? unread : 1, omemo);
  if (!payload) return undefined;
  const content = limit(flavour, payload, sealing.maxSizeBytes);
  return { content, seal: seal(content.json, sealing.key, randomBytes, { tag: flavour.tag }) };
}

function limit(flavour: Flavour, payload: SealedPayload, maxSizeBytes: number | undefined): FittedPayload {
  if (flavour.bodyLimit === 'max-size' || payload.message === undefined) return fitPayload(payload, maxSizeBytes);
  const message = firstBytes(payload.message, flavour.bodyLimit.bodyBytes(maxSizeBytes));
  // These servers count no more than the body, so nothing else gives way.
  return { ...fitPayload({ ...payload, message }), bodyCut: message !== payload.message };
}

/** The longest beginning of whole code points within so many bytes of UTF-8. */
function firstBytes(text: string, bytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(Math.min(bytes, 3 * text.length)));
  return text.slice(0, read);
}

function writeEncrypted(flavour: Flavour, event: ServerEvent, { ciphertext, iv }: Sealed): string {
  const type = flavour.voip.includes(event.kind) ? ` type='voip'` : '';
  return `<encrypted xmlns='${sealingNamespace}'${type} iv='${iv}'>${ciphertext}</encrypted>`;
}

function writePriority(flavour: Flavour, device: EnabledDevice, event: ServerEvent): string {
  const high = flavour.important.includes(event.kind);
  const written = flavour.priority === 'high-unasked' ? high : flavour.priority !== 'none' && device.wantsPriority;
  // Read elsewhere is sent outside of all that: neither a message nor a call caused it.
  if (!written || event.kind === 'read-elsewhere') return '';
  return `<priority xmlns='${priorityNamespace}'>${high ? 'high' : 'low'}</priority>`;
}

/** Tigase's elements about the event, which it leaves beside `<encrypted/>` too. */
function describeInClear(flavour: Flavour, event: ServerEvent): string {
  if (!flavour.clearBesideSealed) return '';
  if (event.kind === 'groupchat' && bodyOf(event) !== undefined) {
    const nickname = `<nickname>${escapeXML(event.nickname)}</nickname>`;
    return `<groupchat xmlns='http://tigase.org/protocol/muc#offline'>${nickname}</groupchat>`;
  }
  if (event.kind !== 'call-offer' && event.kind !== 'call-end') return '';
  const action = event.kind === 'call-offer' ? 'propose' : 'retract';
  const media = event.kind === 'call-offer' ? event.media.map((kind) => `<media>${escapeXML(kind)}</media>`) : [];
  return `<jingle xmlns='${jingleNamespace}' action='${action}' sid='${escapeXML(event.sid)}'>${media.join('')}</jingle>`;
}
