import type { ForeignRegistration } from '../store/registry/contract.ts';

/** What was read at one place of the source. `where` names the place and quotes none of its content. */
export type SourceRow =
  | { readonly where: string; readonly fields: ReadonlyMap<string, string> }
  | { readonly where: string; readonly refused: string };

/** Converts the fields to a registration, or says in a constant text why it cannot. */
export type Translate = (fields: ReadonlyMap<string, string>) => ForeignRegistration | string;

/** Reads a source step by step, with one chunk and one row of it in memory. */
export type Source = AsyncIterable<SourceRow>;

/** The file or the arguments are not usable. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}

/** Characters of a field that are kept; no valid field is as long. */
export const MAX_FIELD_LENGTH = 8_192;

/** Nodes and secrets that fit into an XMPP form and into a path. */
const NAME = /^[\x21-\x7e]{1,255}$/;
/** Roughly a domain of RFC 7622, to tell domains from other text. */
const DOMAIN = /^[^\s\p{C}"&'/<>@]{1,255}$/u;

/** Whether a text can be a node or secret. */
export const isName = (text: string | undefined): text is string => text !== undefined && NAME.test(text);
/** Whether a text can be a domain. */
export const isDomainName = (text: string | undefined): text is string => text !== undefined && DOMAIN.test(text);
