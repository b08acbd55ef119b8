/**
 * Sealing as the user's XMPP server does it: `tigase:push:encrypt:0` (Encrypted Push Notifications, sections 4.2 and 4.4),
 * algorithm `aes-128-gcm`.
 */
import { createCipheriv } from 'node:crypto';

/** Gives `size` unpredictable bytes; tests hand in a fixed sequence. */
export type RandomBytes = (size: number) => Uint8Array;

/** What `<encrypted/>` carries: both values are standard base64 with padding and without white space. */
export interface Sealed {
  /** AES output with the 16-byte tag at its end. */
  readonly ciphertext: string;
  readonly iv: string;
}

/** Bytes of an AES-128 key. */
export const keyBytes = 16;
/** Bytes of the GCM tag at the end of the ciphertext: 128 bits (section 4.2). */
export const tagBytes = 16;
/** Bytes of the IV: the text leaves the length open, every server and client takes 12, the length GCM is made for. */
export const ivBytes = 12;

/**
 * Seals a payload under a fresh IV.
 * @param plaintext UTF-8 bytes, or text that becomes UTF-8.
 * @param options.tag `zero` writes sixteen NUL bytes where the tag belongs, as Prosody does on luaossl.
 * @throws RangeError when the key has not 16 bytes.
 */
export function seal(
  plaintext: string | Uint8Array,
  key: Uint8Array,
  randomBytes: RandomBytes,
  options: { readonly tag?: 'valid' | 'zero' } = {},
): Sealed {
  if (key.length !== keyBytes) throw new RangeError(`an aes-128-gcm key has ${keyBytes} bytes, not ${key.length}`);
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-128-gcm', key, iv);
  const body = cipher.update(typeof plaintext === 'string' ? Buffer.from(plaintext) : plaintext);
  const rest = cipher.final();
  const tag = options.tag === 'zero' ? Buffer.alloc(tagBytes) : cipher.getAuthTag();
  return {
    ciphertext: Buffer.concat([body, rest, tag]).toString('base64'),
    iv: Buffer.from(iv).toString('base64'),
  };
}

/** Bytes of base64 that a payload of `plaintextBytes` takes once it is sealed: with the tag and padding. */
export function sealedSize(plaintextBytes: number): number {
  return 4 * Math.ceil((plaintextBytes + tagBytes) / 3);
}
