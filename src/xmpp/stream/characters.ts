/**
 * Characters, names and references of XML 1.0 (fifth edition, sections 2.2, 2.3, 4.1) as far as XMPP allows them
 * (RFC 6120 section 11).
 */

/** Conditions of RFC 6120 section 4.9.3 with which we end a stream. */
export type StreamCondition = Flaw | 'policy-violation' | 'unsupported-encoding';

/**
 * What may be wrong with a stanza that ends where it should all the same: it is skipped, and costs nobody else anything.
 * Named by the conditions for which RFC 6120 would have the whole stream ended.
 */
export const FLAWS = ['bad-namespace-prefix', 'invalid-namespace', 'not-well-formed', 'restricted-xml'] as const;

export type Flaw = (typeof FLAWS)[number];

/**
 * What came is not a stream that we can go on with: the stream header is wrong, something that is no stanza stands between
 * stanzas, or it cannot be told where a stanza ends (an end tag of another name, a `<` in a tag, a DOCTYPE). No server
 * relays such a thing from a user: each reads a stanza into a tree, which nothing that is nested wrongly can be made into,
 * and writes the tags anew from that tree, with every `<` in its names, attributes and texts escaped. The message says
 * what is wrong and quotes nothing.
 */
export class XmlError extends Error {
  readonly condition: StreamCondition;

  constructor(condition: StreamCondition, message: string) {
    super(message);
    this.name = 'XmlError';
    this.condition = condition;
  }
}

// oxlint-disable-next-line no-control-regex -- the point of it is to find them
const ILLEGAL = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

/**
 * Where the next character is, from there on, that no XML document may contain; the length of the text when there is none.
 * (No lone surrogate can be in UTF-8.)
 */
export function findIllegal(decoded: string, from: number): number {
  const found = (from === 0 ? decoded : decoded.slice(from)).search(ILLEGAL);
  return found < 0 ? decoded.length : from + found;
}

const COLON = 0x3a;

/** 1: may be in a name; 2: may start one too. The colon is left to the reader of the name. */
const NAME_CLASSES = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[A-Za-z_]/.test(character)) return 2;
  return /[0-9.\-:]/.test(character) ? 1 : 0;
});

const NAME_START =
  'A-Z_a-z\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}\\u{200D}' +
  '\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}';
const NC_NAME = `[${NAME_START}][${NAME_START}0-9.\\-\\u{B7}\\u{300}-\\u{36F}\\u{203F}\\u{2040}]*`;
const QUALIFIED_NAME = new RegExp(`^${NC_NAME}(?::${NC_NAME})?$`, 'u');

/** Where the qualified name that begins at `from` ends; -1 when none begins there, or it has more than one prefix. */
export function endOfName(source: string, from: number): number {
  let at = from;
  let plain = (NAME_CLASSES[source.charCodeAt(from)] ?? 0) === 2;
  for (; at < source.length; at += 1) {
    const code = source.charCodeAt(at);
    if (code >= 128 || code === COLON) plain = false;
    else if (NAME_CLASSES[code] === 0) break;
  }
  // Names with a prefix or beyond ASCII are rare enough for the slow way.
  return plain || QUALIFIED_NAME.test(source.slice(from, at)) ? at : -1;
}

const PREDEFINED: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** The longest reference that is looked at, in characters from `&` to before `;`. */
export const REFERENCE_MAX = 16;

const REFERENCE = /&(?:(lt|gt|amp|quot|apos)|#([0-9]{1,14})|#x([0-9a-fA-F]{1,13}));|&/g;

/**
 * Replaces the five predefined references and the numeric ones; undefined when there is any other `&`, or the number of a
 * character that XML does not have.
 */
export function decodeReferences(raw: string): string | undefined {
  if (!raw.includes('&')) return raw;
  let sound = true;
  const decoded = raw.replace(REFERENCE, (_, name?: string, decimal?: string, hexadecimal?: string) => {
    if (name !== undefined) return PREDEFINED[name] ?? '';
    const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number.parseInt(decimal, 10);
    sound &&= isCharacter(code);
    return sound ? String.fromCodePoint(code) : '';
  });
  return sound ? decoded : undefined;
}

/** XML 1.0 production 2; NaN is none. */
function isCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}
