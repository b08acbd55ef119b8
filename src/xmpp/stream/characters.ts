/** Characters, names and references of XML 1.0 (sections 2.2, 2.3, 4.1) as XMPP allows them (RFC 6120 section 11). */

/** Conditions of RFC 6120 section 4.9.3 that we end a stream with. */
export type StreamCondition = Flaw | 'policy-violation' | 'unsupported-encoding';

/**
 * Faults within a stanza whose end is still clear, so that only this stanza is skipped. They have the names of the
 * conditions with which RFC 6120 would end the whole stream.
 */
export const FLAWS = ['bad-namespace-prefix', 'invalid-namespace', 'not-well-formed', 'restricted-xml'] as const;

/** One of these faults. */
export type Flaw = (typeof FLAWS)[number];

/**
 * The stream cannot be read any further: its header is wrong, something other than a stanza stands between stanzas, or
 * the end of a stanza is unclear (an end tag with another name, a `<` in a tag, a DOCTYPE). No user can cause this
 * through a server: a server parses each stanza into a tree and writes it anew, with every `<` in names, attributes and
 * texts escaped. The message says what is wrong and quotes nothing.
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

/** Index, at or after `from`, of the first character that XML forbids; the text's length if there is none. */
export function findIllegal(decoded: string, from: number): number {
  const found = (from === 0 ? decoded : decoded.slice(from)).search(ILLEGAL);
  return found < 0 ? decoded.length : from + found;
}

const COLON = 0x3a;

/** 1: allowed in a name; 2: allowed at its start too. The reader of the name checks colons. */
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

/** End of the qualified name that starts at `from`; -1 if none starts there or it has several prefixes. */
export function endOfName(source: string, from: number): number {
  let at = from;
  let plain = (NAME_CLASSES[source.charCodeAt(from)] ?? 0) === 2;
  for (; at < source.length; at += 1) {
    const code = source.charCodeAt(at);
    if (code >= 128 || code === COLON) plain = false;
    else if (NAME_CLASSES[code] === 0) break;
  }
  // Names with a prefix or beyond ASCII are rare, so the slow check suffices.
  return plain || QUALIFIED_NAME.test(source.slice(from, at)) ? at : -1;
}

const PREDEFINED: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Longest reference in characters, from `&` up to the `;`. */
export const REFERENCE_MAX = 16;

const REFERENCE = /&(?:(lt|gt|amp|quot|apos)|#([0-9]{1,14})|#x([0-9a-fA-F]{1,13}));|&/g;

/** Replaces predefined and numeric references; undefined if another `&` occurs, or the number of no XML character. */
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

/** XML 1.0 production 2; false for NaN. */
function isCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}
