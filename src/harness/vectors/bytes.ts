import { createHash } from 'node:crypto';

/** Bytes that look random and are always the same for a label: vectors must come out the same each time. */
export function bytesOf(label: string, size: number): Buffer {
  return createHash('shake256', { outputLength: size }).update(label).digest();
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
