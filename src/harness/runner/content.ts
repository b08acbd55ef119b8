/** Whether ciphertext and IV reached the device as they were published, and if not, what became of them. Pure. */
import { strictBase64 } from '../sealing/opening.ts';
import { type Sealed, tagBytes } from '../sealing/sealing.ts';

type Keys = Readonly<Record<string, unknown>>;

/**
 * Names what is wrong with the keys of a push that carries a sealed notification.
 * @param sent what was published, without white space
 * @param keys the keys beside `aps`, or FCM's `data`
 * @param whole the whole body of the push: values may stand in the wrong place
 * @returns `undefined` when both values are there, letter by letter
 */
export function judgeContent(sent: Sealed, keys: Keys, whole: Keys): string | undefined {
  const { encrypted, iv } = keys;
  if (encrypted === sent.iv && iv === sent.ciphertext) return 'ciphertext and IV are swapped';
  return (
    judgeValue('the ciphertext', 'encrypted', sent.ciphertext, keys, whole) ??
    judgeValue('the IV', 'iv', sent.iv, keys, whole)
  );
}

function judgeValue(name: string, key: string, sent: string, keys: Keys, whole: Keys): string | undefined {
  const actual = keys[key];
  if (actual === sent) return undefined;
  if (actual === undefined || actual === null) return judgeAbsence(name, key, sent, keys, whole);
  if (typeof actual !== 'string') return `${name} is no string`;
  if (actual === '') return `${name} is empty`;
  return judgeText(name, sent, actual);
}

function judgeAbsence(name: string, key: string, sent: string, keys: Keys, whole: Keys): string {
  const other = Object.entries(keys).find(([, value]) => value === sent)?.[0];
  if (other !== undefined) return `${name} is called ${other}, and apps look for ${key}`;
  return JSON.stringify(whole).includes(JSON.stringify(sent))
    ? `${name} does not stand where apps look for it`
    : `${name} is missing`;
}

function judgeText(name: string, sent: string, actual: string): string {
  const squeezed = actual.replaceAll(/\s/g, '');
  if (squeezed === sent) return `${name} has white space in it, and apps do not decode it`;
  const unpadded = sent.replace(/=+$/, '');
  const standard = squeezed.replaceAll('-', '+').replaceAll('_', '/');
  if (standard.replace(/=+$/, '') === unpadded) {
    return `${name} is base64url, or has no padding, in place of base64 with padding`;
  }
  const bytes = Buffer.from(sent, 'base64');
  if (squeezed.toLowerCase() === bytes.toString('hex')) return `${name} is written in hex in place of base64`;
  if (Buffer.from(sent).toString('base64') === squeezed) return `${name} is encoded in base64 twice`;
  const decoded = strictBase64(squeezed);
  if (decoded?.equals(bytes.subarray(0, -tagBytes))) return `${name} lost its last ${tagBytes} bytes, the tag`;
  if (sent.startsWith(squeezed)) return `${name} was cut to ${squeezed.length} of ${sent.length} characters`;
  if (sent.endsWith(squeezed))
    return `${name} lost its beginning: ${squeezed.length} of ${sent.length} characters are left`;
  if (squeezed.startsWith(sent)) return `${name} has ${squeezed.length - sent.length} characters too many`;
  if (!decoded) return `${name} is no base64`;
  if (decoded.length < bytes.length && bytes.subarray(0, decoded.length).equals(decoded)) {
    return `${name} was cut to ${decoded.length} of ${bytes.length} bytes`;
  }
  return judgeBytes(name, bytes, decoded);
}

function judgeBytes(name: string, sent: Buffer, actual: Buffer): string {
  if (sent.length !== actual.length)
    return `${name} is another one, of ${actual.length} bytes in place of ${sent.length}`;
  const bits = sent.reduce((sum, byte, index) => sum + onesOf(byte ^ (actual[index] ?? 0)), 0);
  if (bits === 1) return `one bit of ${name} was changed`;
  const changed = sent.filter((byte, index) => byte !== actual[index]).length;
  if (changed === 1) return `one byte of ${name} was changed`;
  return changed <= 4 ? `${changed} bytes of ${name} were changed` : `${name} is another one`;
}

function onesOf(byte: number): number {
  return byte.toString(2).replaceAll('0', '').length;
}

/** What is wrong with the account that a push names: apps look for their key under exactly this string. */
export function judgeAccount(expected: string, keys: Keys): string | undefined {
  const { account } = keys;
  if (account === expected) return undefined;
  if (typeof account !== 'string') return 'the account is missing';
  if (account.startsWith(`${expected}/`)) return 'the account is a full JID, and apps look for the bare one';
  if (account.toLowerCase() === expected.toLowerCase()) return 'the account is written in other letters';
  return 'the account is another one';
}
