/**
 * Cuts one XMPP stream into tags and texts, wherever the packets cut it (XML 1.0; RFC 6120 section 11 for what is left
 * out). Whether a tag is worth keeping is the sink's to say: one that is skipped takes no memory, however long it is.
 * `sound` is false for what has characters in it that XML does not have, or bytes that are no UTF-8.
 */
import { findIllegal, REFERENCE_MAX, XmlError } from './characters.ts';
import { createDecoder } from './utf8.ts';

export interface TokenSink {
  /** A tag begins. False: it is only to be measured. An end tag that is refused here comes as `skippedTag`. */
  wants(closing: boolean): boolean;
  /** The document grew by so many bytes; told after a text of that length, and before what ends with a tag. */
  grow(bytes: number): void;
  /** Asked while a tag that was wanted grows: false when it has become too long to be kept. */
  stillWants(closing: boolean, length: number): boolean;
  /** A start tag with its `<` at `from` and its `>` at `to`. */
  startTag(source: string, from: number, to: number, sound: boolean): void;
  /** The same for an end tag, whose characters nobody has looked at. */
  endTag(source: string, from: number, to: number): void;
  skippedTag(closing: boolean, empty: boolean): void;
  /**
   * A piece of text: of CDATA (`literal`), or with its references still in it. Never half a reference. Not `sound` is
   * also a text with a `]]>` in it.
   */
  text(piece: string, literal: boolean, sound: boolean): void;
  /** A comment or a processing instruction begins; nothing more is told of it. */
  restricted(): void;
}

export interface Lexer {
  /** @throws XmlError when the stream cannot be read any further */
  write(chunk: Uint8Array): void;
  /** Ignores the rest of what is being read. */
  stop(): void;
}

/** A tag that goes on in the next packet. */
interface PartialTag {
  readonly closing: boolean;
  wanted: boolean;
  /** What has come of it; '' when it is not wanted. */
  read: string;
  sound: boolean;
  /** The quote that an attribute is open with, or ''. */
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
/** What may be half a reference or half of `]]>`. */
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
  /** The end of a packet that can only be understood with the next one; a few characters. */
  let carry = '';
  let ascii = true;
  let started = false;
  /** What ends the CDATA, comment or processing instruction that is being read, or ''. */
  let sectionClose = '';
  let partial: PartialTag | undefined;
  /** Where the next character is that XML does not have, seen from where it was last asked for. */
  let illegalAt = 0;

  function grow(from: number, to: number): void {
    sink.grow(ascii ? to - from : Buffer.byteLength(input.slice(from, to)));
  }

  /** To be asked from the front to the back of a packet. */
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

  /** Where the tag ends, looking from `from` on; -1 when that has not come yet. */
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

  /** Reads a tag whose `<` is at `at`, or goes on with one from the packet before. */
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

  /** `<!` and `<?`: CDATA, what the sink is told as restricted, and the XML declaration at the very start. */
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
      // What was carried is ASCII, too, but in an XML declaration that will be refused.
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

/** Of the white space of XML, carriage returns are line feeds by now. */
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
