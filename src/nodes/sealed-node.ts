/**
 * A node that says what it stands for: `base64url(version ‖ SIV ‖ ciphertext)`, deterministic authenticated encryption of
 * what identifies a device. Who has the node key can read it, nobody else can read or make one. `docs/nodes.md` has the
 * encoding byte by byte, with test vectors.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Bytes of a node key. */
export const NODE_KEY_BYTES = 32;

/** Longest node that is made or opened at all, in characters; the default of `nodes.maxLength` is far below. */
export const LONGEST_NODE = 1_024;

const VERSION = 1;
const SIV_BYTES = 16;
const DIGEST_BYTES = 16;
const SECRET_BYTES = 24;

/** Shortest plaintext: flags, an app of one character, no account, a device of one character. */
const SHORTEST_PLAINTEXT = 9;

/** The keys that are derived from one node key. */
export interface NodeKeys {
  readonly mac: Uint8Array;
  readonly cipher: Uint8Array;
  /** For the secrets that publishes must carry. */
  readonly secret: Uint8Array;
}

/** What every node says. */
interface Subject {
  /** Name of the app in the config. */
  readonly app: string;
  /** Number of the convention, 0 to 15. */
  readonly convention: number;
  /** Whether publishes must carry the secret that `secretOf` derives. */
  readonly withSecret: boolean;
}

/** A device whose tokens are inside: its registration can be made of the node alone. */
export interface TokensContent extends Subject {
  readonly holds: 'tokens';
  readonly account: string;
  readonly device: string;
  readonly token: string;
  readonly secondToken?: string;
}

/** A device that registers at each login, and brings its token then. */
export interface DeviceContent extends Subject {
  readonly holds: 'device';
  readonly account: string;
  readonly device: string;
}

/** What was too long for a node. */
export interface DigestContent extends Subject {
  readonly holds: 'digest';
  /** Hex. */
  readonly digest: string;
}

/** What is sealed in a node. */
export type NodeContent = TokensContent | DeviceContent | DigestContent;

/** @param nodeKey `NODE_KEY_BYTES` bytes */
export function deriveNodeKeys(nodeKey: Uint8Array): NodeKeys {
  if (nodeKey.length !== NODE_KEY_BYTES) throw new Error(`a node key has ${NODE_KEY_BYTES} bytes`);
  const derive = (purpose: string) =>
    new Uint8Array(hkdfSync('sha256', nodeKey, '', `sealpost node ${purpose}`, NODE_KEY_BYTES));
  return { mac: derive('mac'), cipher: derive('cipher'), secret: derive('secret') };
}

/**
 * Makes the node of a device: the same content, keys and `maxLength` give the same node.
 * @param maxLength characters; what does not fit is replaced by its digest
 */
export function sealNode(
  content: TokensContent | DeviceContent,
  keys: NodeKeys,
  maxLength: number,
): { readonly node: string; readonly holds: NodeContent['holds'] } {
  const whole = encode(content);
  const node = seal(whole, keys);
  if (node.length <= maxLength) return { node, holds: content.holds };
  const digest = createHash('sha256')
    .update(whole)
    .digest('hex')
    .slice(0, 2 * DIGEST_BYTES);
  const { app, convention, withSecret } = content;
  return { node: seal(encode({ app, convention, withSecret, holds: 'digest', digest }), keys), holds: 'digest' };
}

/**
 * Opens a node with the first of these keys that fits, and says with which.
 * @returns undefined: none of them sealed it
 */
export function openNode(
  node: string,
  keyring: readonly NodeKeys[],
): { readonly content: NodeContent; readonly keys: NodeKeys } | undefined {
  const sealed = readSealed(node);
  if (!sealed) return undefined;
  const siv = sealed.subarray(1, 1 + SIV_BYTES);
  for (const keys of keyring) {
    const cipher = createDecipheriv('aes-256-ctr', keys.cipher, siv);
    const plaintext = cipher.update(sealed.subarray(1 + SIV_BYTES));
    if (!timingSafeEqual(sivOf(plaintext, keys), siv)) continue;
    const content = decode(plaintext);
    return content && { content, keys };
  }
  return undefined;
}

/** The secret that goes with a node: 32 characters of base64url. */
export function secretOf(node: string, keys: NodeKeys): string {
  return createHmac('sha256', keys.secret).update(node).digest().subarray(0, SECRET_BYTES).toString('base64url');
}

/** Whether a text has the form of a sealed node, so that some key may open it. */
export function looksSealed(node: string): boolean {
  return readSealed(node) !== undefined;
}

function readSealed(node: string): Buffer | undefined {
  // The first character is that of the version: others are told apart without decoding.
  if (node.length > LONGEST_NODE || !node.startsWith('A')) return undefined;
  const bytes = Buffer.from(node, 'base64url');
  // One text alone is the node: no other alphabet, no padding, no bits left over.
  if (bytes[0] !== VERSION || bytes.toString('base64url') !== node) return undefined;
  return bytes.length < 1 + SIV_BYTES + SHORTEST_PLAINTEXT ? undefined : bytes;
}

function seal(plaintext: Buffer, keys: NodeKeys): string {
  const siv = sivOf(plaintext, keys);
  const cipher = createCipheriv('aes-256-ctr', keys.cipher, siv);
  return Buffer.concat([Buffer.of(VERSION), siv, cipher.update(plaintext)]).toString('base64url');
}

function sivOf(plaintext: Uint8Array, { mac }: NodeKeys): Buffer {
  return createHmac('sha256', mac).update(Buffer.of(VERSION)).update(plaintext).digest().subarray(0, SIV_BYTES);
}

/** The two lowest bits of the first byte. */
const DIGEST = 0;
const DEVICE = 1;
const TOKENS = 2;
const TOKENS_AND_DEVICE = 3;
/** Its other bits; the convention stands above them. */
const WITH_SECRET = 0b0100;
const WITH_SECOND_TOKEN = 0b1000;
const CONVENTION_SHIFT = 4;

function encode(content: NodeContent): Buffer {
  const { app, convention, withSecret } = content;
  if (convention < 0 || convention > 15) throw new Error('the number of a convention has four bits');
  const flags = (kind: number) => Buffer.of(kind | (withSecret ? WITH_SECRET : 0) | (convention << CONVENTION_SHIFT));
  switch (content.holds) {
    case 'digest':
      return Buffer.concat([flags(DIGEST), packText(app), Buffer.from(content.digest, 'hex')]);
    case 'device':
      return Buffer.concat([flags(DEVICE), ...[app, content.account, content.device].map(packText)]);
    case 'tokens': {
      const { account, device, token, secondToken } = content;
      const kind = device === token ? TOKENS : TOKENS_AND_DEVICE;
      const texts = [app, account, token, ...(secondToken === undefined ? [] : [secondToken])];
      if (kind === TOKENS_AND_DEVICE) texts.push(device);
      return Buffer.concat([flags(kind | (secondToken === undefined ? 0 : WITH_SECOND_TOKEN)), ...texts.map(packText)]);
    }
  }
}

/** Undefined if the content is shorter or longer than its fields say. */
function decode(plaintext: Buffer): NodeContent | undefined {
  const flags = plaintext[0] ?? 0;
  const kind = flags & 0b11;
  const read = createReader(plaintext, 1);
  const subject = { app: read.text(), convention: flags >> CONVENTION_SHIFT, withSecret: (flags & WITH_SECRET) !== 0 };
  if (kind === DIGEST) {
    const digest = read.bytes(DIGEST_BYTES).toString('hex');
    return read.isExact() ? { ...subject, holds: 'digest', digest } : undefined;
  }
  const account = read.text();
  if (kind === DEVICE) {
    const device = read.text();
    return read.isExact() ? { ...subject, holds: 'device', account, device } : undefined;
  }
  const token = read.text();
  const second = flags & WITH_SECOND_TOKEN ? { secondToken: read.text() } : {};
  const device = kind === TOKENS_AND_DEVICE ? read.text() : token;
  return read.isExact() ? { ...subject, holds: 'tokens', account, device, token, ...second } : undefined;
}

/** How a text is packed: the first byte of a packed text. */
const UTF8 = 0;
const HEX = 1;
const BASE64URL = 2;
const ADDRESS = 3;
/** Text in base64url with one colon, as FCM's tokens are. The form is this number plus the position of the colon. */
const WITH_COLON = 4;
const LAST_COLON = 0xff - WITH_COLON;

const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** What the names of accounts and apps are mostly made of. */
const address = "abcdefghijklmnopqrstuvwxyz0123456789-_.@+!#$%&'()*,;=?^`{|}~[]: ";

/** Packs a text in its shortest form: form, length, content. On a tie, in the form with the lower number. */
function packText(text: string): Buffer {
  const candidates = [pack(UTF8, Buffer.from(text))];
  if (/^(?:[0-9a-f]{2})+$/.test(text)) candidates.push(pack(HEX, Buffer.from(text, 'hex')));
  for (const [form, alphabet] of [
    [BASE64URL, base64url],
    [ADDRESS, address],
  ] as const) {
    const bits = packSixBits(text, alphabet);
    if (bits) candidates.push(pack(form, bits, text.length));
  }
  const colon = text.indexOf(':');
  const rest = text.slice(0, Math.max(0, colon)) + text.slice(colon + 1);
  const bits = colon < 0 || colon > LAST_COLON ? undefined : packSixBits(rest, base64url);
  if (bits) candidates.push(pack(WITH_COLON + colon, bits, rest.length));
  return candidates.reduce((best, one) => (one.length < best.length ? one : best));
}

function pack(form: number, content: Buffer, length = content.length): Buffer {
  const head = [form];
  // Seven bits a byte, the lowest first; the eighth bit says that more follow.
  for (let rest = length; ; rest >>>= 7) {
    head.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) return Buffer.concat([Buffer.from(head), content]);
  }
}

/** The numbers of the characters, six bits each, the highest bit first; zeros fill the last byte. */
function packSixBits(text: string, alphabet: string): Buffer | undefined {
  const packed = Buffer.alloc(Math.ceil((text.length * 6) / 8));
  for (const [i, character] of Array.from(text).entries()) {
    const number = alphabet.indexOf(character);
    if (number < 0) return undefined;
    const bit = i * 6;
    const value = number << (10 - (bit & 7));
    packed[bit >> 3] = (packed[bit >> 3] ?? 0) | (value >> 8);
    if ((bit & 7) > 2) packed[(bit >> 3) + 1] = value & 0xff;
  }
  return packed;
}

function unpackSixBits(packed: Buffer, length: number, alphabet: string): string {
  let text = '';
  for (let bit = 0; bit < length * 6; bit += 6) {
    const value = ((packed[bit >> 3] ?? 0) << 8) | (packed[(bit >> 3) + 1] ?? 0);
    text += alphabet[(value >> (10 - (bit & 7))) & 0x3f] ?? '';
  }
  return text;
}

/** Reads what `packText` wrote. Missing bytes read as empty; `isExact` then returns false. */
function createReader(plaintext: Buffer, start: number) {
  let at = start;

  function bytes(length: number): Buffer {
    at += length;
    return plaintext.subarray(at - length, at);
  }

  function readLength(): number {
    let length = 0;
    for (let shift = 0; shift <= 14; shift += 7) {
      const byte = bytes(1)[0] ?? 0;
      length |= (byte & 0x7f) << shift;
      if (byte <= 0x7f) break;
    }
    return length;
  }

  function text(): string {
    const form = bytes(1)[0] ?? UTF8;
    const length = readLength();
    if (form === UTF8) return bytes(length).toString();
    if (form === HEX) return bytes(length).toString('hex');
    const packed = bytes(Math.ceil((length * 6) / 8));
    const written = unpackSixBits(packed, length, form === ADDRESS ? address : base64url);
    if (form < WITH_COLON) return written;
    return `${written.slice(0, form - WITH_COLON)}:${written.slice(form - WITH_COLON)}`;
  }

  return { bytes, text, isExact: () => at === plaintext.length };
}
