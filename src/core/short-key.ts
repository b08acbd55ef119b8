import { hash } from 'node:crypto';
import { foldCase } from './jid.ts';

/** 96 bits: two of a billion texts are alike once in 10^11 stores, and nobody finds a text for the key of another one. */
const characters = 16;

/** What texts are found and compared by in the tables: 16 characters, however long the text is. */
export function shortKey(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, characters);
}

/** The same for texts that clients write in either case: accounts, device ids, tokens. */
export function foldedKey(text: string): string {
  return shortKey(foldCase(text));
}
