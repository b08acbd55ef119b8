/**
 * Opening as the device does it: the counterpart of `sealing.ts` for `tigase:push:encrypt:0`, with the habits of the
 * clients that exist (Siskin's and Snikket's notification extensions).
 */
import { createDecipheriv } from 'node:crypto';
import { type Sealed, tagBytes } from './sealing.ts';

/** Why nothing was opened. */
export type OpeningRefusal =
  /** Not standard base64 with padding; white space counts, as in Swift's `Data(base64Encoded:)`. */
  | 'bad-base64'
  /** Not a single byte beside the tag; real clients crash on less than a tag. */
  | 'too-short'
  | 'empty-iv'
  | 'bad-key'
  /** The tag does not belong to this ciphertext, key and IV. */
  | 'bad-tag'
  | 'bad-utf8';

export type Opening =
  { readonly opened: true; readonly text: string } | { readonly opened: false; readonly reason: OpeningRefusal };

/**
 * Opens a sealed payload.
 * @param key 16 bytes; 32 are taken as AES-256, as clients do.
 * @param options.tag `verify` (default) refuses a wrong tag; `ignore` looks at no tag, as Siskin and Snikket do: only so
 *   do payloads of servers that write sixteen NUL bytes open.
 */
export function openSealed(
  sealed: Sealed,
  key: Uint8Array,
  options: { readonly tag?: 'verify' | 'ignore' } = {},
): Opening {
  const bytes = strictBase64(sealed.ciphertext);
  const iv = strictBase64(sealed.iv);
  if (!bytes || !iv) return refuse('bad-base64');
  if (bytes.length <= tagBytes) return refuse('too-short');
  if (iv.length === 0) return refuse('empty-iv');
  if (key.length !== 16 && key.length !== 32) return refuse('bad-key');
  const decipher = createDecipheriv(key.length === 32 ? 'aes-256-gcm' : 'aes-128-gcm', key, iv);
  const plaintext = decipher.update(bytes.subarray(0, -tagBytes));
  // GCM is CTR with a tag beside it: `update` has already given all of the plaintext, `final` only judges.
  if (options.tag !== 'ignore') {
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    try {
      decipher.final();
    } catch {
      return refuse('bad-tag');
    }
  }
  try {
    return { opened: true, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plaintext) };
  } catch {
    return refuse('bad-utf8');
  }
}

function refuse(reason: OpeningRefusal): Opening {
  return { opened: false, reason };
}

/** Decodes what Foundation would decode without options: standard alphabet, padding, nothing else. */
export function strictBase64(text: string): Buffer | undefined {
  // No repeated group: its backtracking would overflow the stack on megabytes.
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}
