/**
 * Enabling and disabling push at the user's server: XEP-0357 sections 5 and 6 with `tigase:push:encrypt:0` (Encrypted
 * Push Notifications, sections 4.1 to 4.3) and `tigase:push:encrypt:omemo:0` (OMEMO variant, section 4.2).
 */
import { type Element, escapeXML } from 'ltx';
import type { ClientModel } from '../clients/models.ts';
import { strictBase64 } from '../sealing/opening.ts';
import { keyBytes } from '../sealing/sealing.ts';
import type { Flavour } from './server-flavours.ts';
import { attribute } from './stanza.ts';

export const sealingNamespace = 'tigase:push:encrypt:0';
export const omemoNamespace = 'tigase:push:encrypt:omemo:0';
export const priorityNamespace = 'tigase:push:priority:0';
export const jingleNamespace = 'tigase:push:jingle:0';

/** What a client asks its server for. */
export interface EnableRequest {
  /** The component's address. */
  readonly jid: string;
  readonly node: string;
  /** 16 bytes; absent: without sealing. */
  readonly key?: Uint8Array;
  /** `max-payload-size` of the registration. */
  readonly maxSizeBytes?: number;
  /** Where OMEMO data should come along: the client's own device id. */
  readonly omemoDevice?: number;
}

/** `<enable/>` as the client writes it, given what its server and its app server can do. */
export function writeEnable(client: ClientModel, request: EnableRequest, accountFeatures: readonly string[]): string {
  const has = (feature: string) => accountFeatures.includes(feature);
  const filters = has('tigase:push:filter:muted:0') && has('tigase:push:filter:groupchat:0');
  // Siskin and Snikket ask for priorities only where they can filter, and for sealing only where there are priorities.
  const priority = client.seals && filters && has(priorityNamespace);
  const sealing = priority && has(sealingNamespace) && has('tigase:push:encrypt:aes-128-gcm') && request.key;
  const size = request.maxSizeBytes === undefined ? '' : ` max-size='${request.maxSizeBytes}'`;
  const children = [
    client.seals && has('tigase:push:filter:groupchat:0') ? `<groupchat xmlns='tigase:push:filter:groupchat:0'/>` : '',
    priority ? `<priority xmlns='${priorityNamespace}'/>` : '',
    sealing
      ? `<encrypt xmlns='${sealingNamespace}' alg='aes-128-gcm'${size}>${Buffer.from(sealing).toString('base64')}</encrypt>`
      : '',
    sealing && request.omemoDevice !== undefined && has(omemoNamespace)
      ? `<omemo xmlns='${omemoNamespace}' deviceId='${request.omemoDevice}'/>`
      : '',
    client.seals && has(jingleNamespace) ? `<jingle xmlns='${jingleNamespace}'/>` : '',
  ].join('');
  const start = `<enable xmlns='urn:xmpp:push:0' jid='${escapeXML(request.jid)}' node='${escapeXML(request.node)}'`;
  return children ? `${start}>${children}</enable>` : `${start}/>`;
}

/** A device as the user's server knows it. */
export interface EnabledDevice {
  readonly jid: string;
  readonly node?: string;
  readonly sealing?: { readonly key: Uint8Array; readonly maxSizeBytes?: number };
  /** Whether `<priority/>` was asked for. */
  readonly wantsPriority: boolean;
  /** The publish-options form, serialized, to be copied into every publish. */
  readonly publishOptions?: string;
  readonly omemoDevice?: string;
}

/** What the server answers to `<enable/>` and `<disable/>`. */
export type EnableAnswer =
  { readonly kind: 'result' } | { readonly kind: 'error'; readonly type: string; readonly condition: string };

/** The devices of an account by component and node, in the order of their enabling. */
export type EnabledDevices = Map<string, EnabledDevice>;

/**
 * Applies `<enable/>` or `<disable/>`. Enabling the same component and node again replaces everything that was asked for
 * before, so that leaving `<encrypt/>` out ends sealing (section 4.3, example 5).
 */
export function applyPushRequest(devices: EnabledDevices, request: Element, flavour: Flavour): EnableAnswer {
  const jid = attribute(request, 'jid');
  const node = attribute(request, 'node');
  if (!jid) return refuse('modify', 'bad-request');
  if (request.getName() === 'disable') return disable(devices, jid, node);
  if (!node && flavour.nodeRequired) return refuse('cancel', 'feature-not-implemented');
  const sealing = flavour.seals ? readEncrypt(request.getChild('encrypt', sealingNamespace)) : undefined;
  if (sealing && 'condition' in sealing) return sealing;
  const form = request.getChild('x', 'jabber:x:data');
  const omemo = request.getChild('omemo', omemoNamespace);
  const omemoDevice = omemo && flavour.omemo ? readOmemoDevice(omemo) : undefined;
  if (typeof omemoDevice === 'object') return omemoDevice;
  devices.delete(keyOf(jid, node));
  devices.set(keyOf(jid, node), {
    jid,
    ...(node ? { node } : {}),
    ...(sealing ? { sealing } : {}),
    wantsPriority: request.getChild('priority', priorityNamespace) !== undefined,
    ...(form ? { publishOptions: form.toString() } : {}),
    // Where nothing is sealed there is no JSON that OMEMO data could stand in.
    ...(omemoDevice !== undefined && sealing ? { omemoDevice } : {}),
  });
  while (devices.size > flavour.devicesPerAccount) devices.delete(devices.keys().next().value ?? '');
  return { kind: 'result' };
}

export function keyOf(jid: string, node: string | undefined): string {
  return `${jid}<${node ?? ''}`;
}

/** Without a node, everything at that component ends (XEP-0357 section 6). */
function disable(devices: EnabledDevices, jid: string, node: string | undefined): EnableAnswer {
  for (const [key, device] of devices) {
    if (device.jid === jid && (node === undefined || device.node === node)) devices.delete(key);
  }
  return { kind: 'result' };
}

/**
 * Section 4.2: `alg` must be an algorithm of both sides, the text the base64 of a key of its length (white space around
 * it, as in example 3, does not matter), `max-size` a number of bytes.
 */
function readEncrypt(encrypt: Element | undefined): EnabledDevice['sealing'] | (EnableAnswer & { kind: 'error' }) {
  if (!encrypt) return undefined;
  if (attribute(encrypt, 'alg') !== 'aes-128-gcm') return refuse('modify', 'feature-not-implemented');
  const key = strictBase64(encrypt.getText().replaceAll(/\s/g, ''));
  if (key?.length !== keyBytes) return refuse('modify', 'bad-request');
  const size = attribute(encrypt, 'max-size');
  if (size === undefined) return { key };
  if (!/^[1-9][0-9]{0,8}$/.test(size)) return refuse('modify', 'bad-request');
  return { key, maxSizeBytes: Number(size) };
}

/** OMEMO variant 4.2: the element MUST have `deviceId`; ids are positive and below 2^31 (XEP-0384). */
function readOmemoDevice(omemo: Element): string | (EnableAnswer & { kind: 'error' }) {
  const id = attribute(omemo, 'deviceId') ?? '';
  return /^[1-9][0-9]{0,9}$/.test(id) && Number(id) < 2 ** 31 ? id : refuse('modify', 'bad-request');
}

function refuse(type: string, condition: string): EnableAnswer & { kind: 'error' } {
  return { kind: 'error', type, condition };
}
