/** Decodes UTF-8 that is divided into packets (RFC 3629). */
import { isAscii, isUtf8 } from 'node:buffer';

/** Text decoded from one packet. */
export interface Decoded {
  /** With uniform line ends (XML 1.0 section 2.11), and U+FFFF for each sequence of bytes that is not UTF-8. */
  readonly text: string;
  /** Whether every character took one byte. */
  readonly ascii: boolean;
}

/** U+FFFD in UTF-8. */
const REPLACEMENT = Buffer.from('\ufffd');

/** A decoder for one stream of bytes. A character divided by the end of a packet is returned with the next packet. */
export function createDecoder(): (chunk: Uint8Array) => Decoded {
  let unfinished: Uint8Array | undefined;
  let afterReturn = false;

  function takeBytes(chunk: Uint8Array): Buffer {
    const bytes = unfinished
      ? Buffer.concat([unfinished, chunk])
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const end = bytes.length - countUnfinished(bytes);
    // A copy, since the packet belongs to the socket.
    unfinished = end < bytes.length ? Uint8Array.from(bytes.subarray(end)) : undefined;
    return bytes.subarray(0, end);
  }

  function sameLineEnds(decoded: string): string {
    if (decoded === '') return '';
    const from = afterReturn && decoded.startsWith('\n') ? 1 : 0;
    afterReturn = decoded.endsWith('\r');
    const lines = decoded.includes('\r') ? decoded.replace(/\r\n?/g, '\n') : decoded;
    return from === 0 ? lines : lines.slice(from);
  }

  return (chunk) => {
    const bytes = takeBytes(chunk);
    const ascii = isAscii(bytes);
    const decoded = isUtf8(bytes) ? bytes.toString(ascii ? 'latin1' : 'utf8') : decodeBroken(bytes);
    return { text: sameLineEnds(decoded), ascii };
  };
}

/** Number of bytes at the end that may be the start of an incomplete character. */
function countUnfinished(bytes: Uint8Array): number {
  for (let count = 1; count <= Math.min(3, bytes.length); count += 1) {
    const byte = bytes[bytes.length - count] as number;
    // A continuation byte; the start of its character is further ahead.
    if (byte >= 0x80 && byte < 0xc0) continue;
    return byte >= 0xc0 && byte < 0xf8 && lengthBy(byte) > count ? count : 0;
  }
  return 0;
}

/** Number of bytes of a character that starts with this byte. */
function lengthBy(leadByte: number): number {
  if (leadByte < 0xe0) return 2;
  return leadByte < 0xf0 ? 3 : 4;
}

/** Invalid UTF-8 becomes U+FFFF, which XML forbids, to tell it from U+FFFD that was written, which XML allows. */
function decodeBroken(bytes: Buffer): string {
  const pieces: string[] = [];
  let from = 0;
  for (;;) {
    const next = bytes.indexOf(REPLACEMENT, from);
    pieces.push(bytes.toString('utf8', from, next < 0 ? bytes.length : next).replaceAll('\ufffd', '\uffff'));
    if (next < 0) return pieces.join('\ufffd');
    from = next + REPLACEMENT.length;
  }
}
