/**
 * OMEMO messages without their ratchet: payload encryption and wire form of `eu.siacs.conversations.axolotl` (XEP-0384 0.3,
 * sections 4.5 and 4.6) and `urn:xmpp:omemo:2` (XEP-0384 0.8, sections 4.4 and 5.5). What goes through the double ratchet
 * is `keyMaterial`; the ratchet itself is the business of a Signal library.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { escapeXML } from 'ltx';
import type { OmemoForDevice } from '../server/event.ts';
import type { RandomBytes } from './sealing.ts';

export type OmemoForm = 'axolotl' | 'omemo:2';

/** A payload under a key of its own. */
export interface OmemoPayload {
  /** To be encrypted for each device: key and tag (32 bytes) or key and HMAC (48 bytes in version 2). */
  readonly keyMaterial: Uint8Array;
  /** Base64; version 2 derives it. */
  readonly iv?: string;
  /** Base64. */
  readonly data: string;
}

const tagBytes = 16;
/** Of an axolotl key and of its tag, which is split off the payload. */
const axolotlKeyBytes = 16;
const omemo2KeyBytes = 32;
const omemo2MacBytes = 16;

/** @param plaintext the body; in version 2 the envelope of XEP-0420, serialized. */
export function sealOmemoPayload(form: OmemoForm, plaintext: string, randomBytes: RandomBytes): OmemoPayload {
  if (form === 'axolotl') {
    const key = randomBytes(axolotlKeyBytes);
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-128-gcm', key, iv);
    const data = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
    return {
      keyMaterial: Buffer.concat([key, cipher.getAuthTag()]),
      iv: Buffer.from(iv).toString('base64'),
      data: data.toString('base64'),
    };
  }
  const key = randomBytes(omemo2KeyBytes);
  const { encryptionKey, authenticationKey, iv } = deriveKeys(key);
  const cipher = createCipheriv('aes-256-cbc', encryptionKey, iv);
  const data = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  return { keyMaterial: Buffer.concat([key, macOf(authenticationKey, data)]), data: data.toString('base64') };
}

/**
 * Opens a payload with what came out of the ratchet; its length tells the form.
 * @returns `undefined` when it is not what the sender made.
 */
export function openOmemoPayload(
  { iv, data }: Pick<OmemoForDevice, 'iv' | 'data'>,
  keyMaterial: Uint8Array,
): string | undefined {
  if (data === undefined) return undefined;
  const bytes = Buffer.from(data, 'base64');
  try {
    if (keyMaterial.length === axolotlKeyBytes + tagBytes && iv !== undefined) {
      const key = keyMaterial.subarray(0, axolotlKeyBytes);
      const decipher = createDecipheriv('aes-128-gcm', key, Buffer.from(iv, 'base64'));
      decipher.setAuthTag(keyMaterial.subarray(axolotlKeyBytes));
      return Buffer.concat([decipher.update(bytes), decipher.final()]).toString('utf8');
    }
    if (keyMaterial.length !== omemo2KeyBytes + omemo2MacBytes) return undefined;
    const derived = deriveKeys(keyMaterial.subarray(0, omemo2KeyBytes));
    const mac = keyMaterial.subarray(omemo2KeyBytes);
    if (!timingSafeEqual(macOf(derived.authenticationKey, bytes), mac)) return undefined;
    const decipher = createDecipheriv('aes-256-cbc', derived.encryptionKey, derived.iv);
    return Buffer.concat([decipher.update(bytes), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

function deriveKeys(key: Uint8Array) {
  const derived = Buffer.from(hkdfSync('sha256', key, Buffer.alloc(32), 'OMEMO Payload', 80));
  return {
    encryptionKey: derived.subarray(0, 32),
    authenticationKey: derived.subarray(32, 64),
    iv: derived.subarray(64, 80),
  };
}

function macOf(key: Uint8Array, data: Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest().subarray(0, omemo2MacBytes);
}

/** The key material as the ratchet encrypted it for one device. */
export interface OmemoKey {
  /** Bare JID of the device's account; version 2 writes it. */
  readonly jid: string;
  /** Device id of the receiver. */
  readonly rid: number;
  /** Whether it starts a session: `prekey` or `kex` on the wire. */
  readonly startsSession: boolean;
  /** Base64. */
  readonly data: string;
}

/** `<encrypted/>` as it stands in a message. Without payload it carries keys alone. */
export function writeOmemoMessage(
  form: OmemoForm,
  message: { readonly sid: number; readonly keys: readonly OmemoKey[]; readonly iv?: string; readonly data?: string },
): string {
  const payload = message.data === undefined ? '' : `<payload>${message.data}</payload>`;
  if (form === 'axolotl') {
    const keys = message.keys.map(
      ({ rid, startsSession, data }) => `<key${startsSession ? ` prekey='true'` : ''} rid='${rid}'>${data}</key>`,
    );
    const header = `<header sid='${message.sid}'>${keys.join('')}<iv>${message.iv ?? ''}</iv></header>`;
    return `<encrypted xmlns='eu.siacs.conversations.axolotl'>${header}${payload}</encrypted>`;
  }
  const groups = [...Map.groupBy(message.keys, ({ jid }) => jid)].map(([jid, keys]) => {
    const written = keys.map(
      ({ rid, startsSession, data }) => `<key${startsSession ? ` kex='true'` : ''} rid='${rid}'>${data}</key>`,
    );
    return `<keys jid='${escapeXML(jid)}'>${written.join('')}</keys>`;
  });
  const header = `<header sid='${message.sid}'>${groups.join('')}</header>`;
  return `<encrypted xmlns='urn:xmpp:omemo:2'>${header}${payload}</encrypted>`;
}

/**
 * The OMEMO data in an opened push (OMEMO variant, section 4.3), as a device reads it: `sid` as string, as in the text's
 * example, or as number; unknown fields ignored.
 * @returns `undefined` where there is none that a device could use.
 */
export function readOmemoOfPayload(json: string): OmemoForDevice | undefined {
  let payload: unknown;
  try {
    payload = JSON.parse(json);
  } catch {
    return undefined;
  }
  const { omemo } = (payload ?? {}) as { omemo?: unknown };
  const { keys, sid, iv, data } = (omemo ?? {}) as Record<string, unknown>;
  const device = typeof sid === 'number' ? String(sid) : sid;
  if (!Array.isArray(keys) || keys.length === 0 || typeof device !== 'string' || !/^\d+$/.test(device))
    return undefined;
  if (!keys.every((key): key is string => typeof key === 'string')) return undefined;
  return {
    keys,
    sid: device,
    ...(typeof iv === 'string' ? { iv } : {}),
    ...(typeof data === 'string' ? { data } : {}),
  };
}
