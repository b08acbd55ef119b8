import type { ForeignRegistration } from '../store/registry/contract.ts';

/** What a reader found at one place of its file. `where` names the place and quotes nothing of it. */
export type SourceRow =
  | { readonly where: string; readonly fields: ReadonlyMap<string, string> }
  | { readonly where: string; readonly refused: string };

/** Makes a registration of the fields, or says in constant words why there can be none. */
export type Translate = (fields: ReadonlyMap<string, string>) => ForeignRegistration | string;

/** Reads a file bit by bit; holds one chunk and one row of it at a time. */
export type Source = AsyncIterable<SourceRow>;

/** The file or the call cannot be worked with at all. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}

/** Longer than any field that can be taken; more of it is not kept. */
export const MAX_FIELD_LENGTH = 8_192;

/** Nodes and secrets as they can stand in an XMPP form and in a path. */
const NAME = /^[\x21-\x7e]{1,255}$/;
/** A domain of RFC 7622, as far as it tells domains from what is none. */
const DOMAIN = /^[^\s\p{C}"&'/<>@]{1,255}$/u;

export const isName = (text: string | undefined): text is string => text !== undefined && NAME.test(text);
export const isDomainName = (text: string | undefined): text is string => text !== undefined && DOMAIN.test(text);
