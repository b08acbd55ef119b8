/**
 * Splits an XMPP stream into tags and texts, however packets divide it (XML 1.0 as restricted by RFC 6120 section 11).
 * The sink decides whether a tag is kept; a tag that is not kept takes no memory, however long it is. `sound` is false
 * for a piece with characters that XML forbids or bytes that are not UTF-8.
 */
import { findIllegal, REFERENCE_MAX, XmlError } from './characters.ts';
import { createDecoder } from './utf8.ts';

/** Receives what the lexer finds. */
export interface TokenSink {
  /** A tag begins. Returns whether its text is needed; a tag that is not, start or end, is reported by `skippedTag`. */
  wants(closing: boolean): boolean;
  /** The stream advanced by this many bytes. Called after a text, and before the call that reports a tag. */
  grow(bytes: number): void;
  /** Asked while a needed tag grows. Returns false once it is too long to be kept. */
  stillWants(closing: boolean, length: number): boolean;
  /** A start tag with its `<` at `from` and its `>` at `to`. */
  startTag(source: string, from: number, to: number, sound: boolean): void;
  /** An end tag with its `<` at `from` and its `>` at `to`; its characters are unchecked. */
  endTag(source: string, from: number, to: number): void;
  skippedTag(closing: boolean, empty: boolean): void;
  /** A piece of text: CDATA (`literal`), or with its references undivided. A text with `]]>` is not `sound` either. */
  text(piece: string, literal: boolean, sound: boolean): void;
  /** A comment or processing instruction begins. Its content is not reported. */
  restricted(): void;
}

/** Lexer of one stream. */
export interface Lexer {
  /** @throws XmlError if the stream cannot be read any further */
  write(chunk: Uint8Array): void;
  /** Ignores the rest of the current chunk. */
  stop(): void;
}

/** A tag that continues in the next packet. */
interface PartialTag {
  readonly closing: boolean;
  wanted: boolean;
  /** Its text so far; '' if it is not needed. */
  read: string;
  sound: boolean;
  /** The quote of the attribute value that is open, or ''. */
  quote: string;
  /** The last character so far. */
  last: string;
}

const CDATA_OPEN = '<![CDATA[';
const CDATA_CLOSE = ']]>';
const COMMENT_OPEN = '<!--';
const DECLARATION =
  /^<\?xml\s+version\s*=\s*(["'])1\.[0-9]+\1(?:\s+encoding\s*=\s*(["'])([A-Za-z0-9._-]+)\2)?(?:\s+standalone\s*=\s*(["'])(?:yes|no)\4)?\s*\?>$/;
/** An XML declaration with all its parts has 56 characters. */
const DECLARATION_MAX = 256;
/** What may be the first half of a reference or of `]]>`. */
const UNFINISHED_TEXT = new RegExp(`(?:&[#0-9A-Za-z]{0,${REFERENCE_MAX}}|\\]{1,2})$`);
const SLASH = 0x2f;
const LESS = 0x3c;
const GREATER = 0x3e;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;

export function createLexer(sink: TokenSink): Lexer {
  const decode = createDecoder();
  let stopped = false;
  let input = '';
  let at = 0;
  /** End of the last packet that needs the next one to be understood; a few characters. */
  let carry = '';
  let ascii = true;
  let started = false;
  /** What ends the current CDATA section, comment or processing instruction, or ''. */
  let sectionClose = '';
  let partial: PartialTag | undefined;
  /** Index of the next forbidden character, as of the last search. */
  let illegalAt = 0;

  function grow(from: number, to: number): void {
    sink.grow(ascii ? to - from : Buffer.byteLength(input.slice(from, to)));
  }

  /** To be called with rising positions within one packet. */
  function isSound(from: number, to: number): boolean {
    if (illegalAt < from) illegalAt = findIllegal(input, from);
    return illegalAt >= to;
  }

  function leave(from: number): void {
    carry = input.slice(from);
    at = input.length;
  }

  function readText(): void {
    const next = input.indexOf('<', at);
    const from = at;
    let end = next;
    at = next;
    if (next < 0) {
      const tail = input.slice(Math.max(from, input.length - REFERENCE_MAX - 1));
      end = input.length - (UNFINISHED_TEXT.exec(tail)?.[0].length ?? 0);
      leave(end);
    }
    if (end === from) return;
    const piece = input.slice(from, end);
    sink.text(piece, false, isSound(from, end) && !piece.includes(CDATA_CLOSE));
    grow(from, end);
  }

  function openSection(opening: string, close: string): void {
    grow(at, at + opening.length);
    at += opening.length;
    sectionClose = close;
  }

  function readSection(): void {
    const from = at;
    const close = sectionClose;
    const found = input.indexOf(close, from);
    let end = found;
    if (found >= 0) {
      at = found + close.length;
      sectionClose = '';
    } else {
      let kept = Math.min(close.length - 1, input.length - from);
      while (!input.endsWith(close.slice(0, kept))) kept -= 1;
      end = input.length - kept;
      leave(end);
    }
    if (close === CDATA_CLOSE) sink.text(input.slice(from, end), true, isSound(from, end));
    grow(from, end);
  }

  /** Where the tag ends, searching from `from`; -1 if its end has not arrived yet. */
  function endOfTag(tag: PartialTag, from: number): number {
    if (tag.closing) {
      const end = input.indexOf('>', from);
      const less = input.indexOf('<', from);
      if (less >= 0 && (less < end || end < 0)) throw lessInTag();
      return end;
    }
    for (let each = from; each < input.length; each += 1) {
      if (tag.quote !== '') {
        each = input.indexOf(tag.quote, each);
        if (each < 0) return -1;
        tag.quote = '';
        continue;
      }
      const code = input.charCodeAt(each);
      if (code === GREATER) return each;
      if (code === LESS) throw lessInTag();
      if (code === QUOTE) tag.quote = '"';
      else if (code === APOSTROPHE) tag.quote = "'";
    }
    return -1;
  }

  function beginTag(): PartialTag {
    const code = input.charCodeAt(at + 1);
    if (code === GREATER || isSpace(code)) throw new XmlError('not-well-formed', 'a tag without a name');
    const closing = code === SLASH;
    return { closing, wanted: sink.wants(closing), read: '', sound: true, quote: '', last: '' };
  }

  /** Reads a tag whose `<` is at `at`, or continues one from the last packet. */
  function readTag(): void {
    const from = at;
    const tag = partial ?? beginTag();
    const { closing } = tag;
    const end = endOfTag(tag, partial ? from : from + 1);
    at = end < 0 ? input.length : end + 1;
    if (illegalAt < at) tag.sound &&= isSound(from, at);
    grow(from, at);
    if (end < 0) {
      tag.wanted &&= sink.stillWants(closing, tag.read.length + at - from);
      tag.read = tag.wanted ? tag.read + input.slice(from) : '';
      tag.last = input.at(-1) ?? '';
      partial = tag;
      return;
    }
    partial = undefined;
    if (!tag.wanted) sink.skippedTag(closing, (end > from ? input[end - 1] : tag.last) === '/');
    else {
      const source = tag.read === '' ? input : tag.read + input.slice(from, at);
      const start = tag.read === '' ? from : 0;
      const stop = tag.read === '' ? end : source.length - 1;
      if (closing) sink.endTag(source, start, stop);
      else sink.startTag(source, start, stop, tag.sound);
    }
  }

  /** `<!` and `<?`: CDATA, what `restricted` reports, and the XML declaration at the start of the stream. */
  function readSpecial(): void {
    const rest = input.slice(at, at + DECLARATION_MAX);
    if (rest.startsWith(CDATA_OPEN)) openSection(CDATA_OPEN, CDATA_CLOSE);
    else if (rest.startsWith(COMMENT_OPEN)) {
      sink.restricted();
      openSection(COMMENT_OPEN, '-->');
    } else if (CDATA_OPEN.startsWith(rest) || COMMENT_OPEN.startsWith(rest)) leave(at);
    else if (!rest.startsWith('<?')) throw new XmlError('restricted-xml', 'a DOCTYPE, or no markup that there is');
    else if (started) {
      sink.restricted();
      openSection('<?', '?>');
    } else {
      const end = rest.indexOf('?>');
      if (end < 0 && rest.length < DECLARATION_MAX) leave(at);
      else {
        checkDeclaration(rest.slice(0, end + 2));
        started = true;
        at += end + 2;
      }
    }
  }

  function readNext(): void {
    if (partial) readTag();
    else if (sectionClose !== '') readSection();
    else if (input.charCodeAt(at) !== LESS) {
      started = true;
      readText();
    } else if (at + 1 === input.length) leave(at);
    else if (input[at + 1] === '!' || input[at + 1] === '?') readSpecial();
    else {
      started = true;
      readTag();
    }
  }

  return {
    write(chunk) {
      const decoded = decode(chunk);
      // The carried text is ASCII too, except in an XML declaration that will be refused.
      ascii = decoded.ascii;
      input = carry + decoded.text;
      carry = '';
      at = 0;
      illegalAt = findIllegal(input, 0);
      while (at < input.length) {
        readNext();
        if (stopped) break;
      }
      input = '';
    },
    stop() {
      stopped = true;
    },
  };
}

/** XML white space without the carriage return, which the decoder has turned into a line feed. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09;
}

function lessInTag(): XmlError {
  return new XmlError('not-well-formed', "a '<' in a tag");
}

function checkDeclaration(declaration: string): void {
  const parts = DECLARATION.exec(declaration);
  if (!parts) throw new XmlError('not-well-formed', 'a bad XML declaration');
  if (parts[3] !== undefined && parts[3].toLowerCase() !== 'utf-8') {
    throw new XmlError('unsupported-encoding', 'not UTF-8');
  }
}
