/**
 * Cuts one XMPP stream into tags and texts, wherever the packets cut it (XML 1.0; RFC 6120 section 11 for what is left
 * out). Whether a tag is worth keeping is the sink's to say: one that is skipped takes no memory, however long it is.
 */
import { findIllegal, REFERENCE_MAX, XmlError } from './characters.ts';

export interface TokenSink {
  /** A tag begins. False: it is only to be measured. An end tag that is refused here comes as `skippedTag`. */
  wants(closing: boolean): boolean;
  /** The document grew by so many bytes. */
  grow(bytes: number): void;
  /** Asked while a tag that was wanted grows: false when it has become too long to be kept. */
  stillWants(closing: boolean, length: number): boolean;
  /** A start tag with its `<` at `from` and its `>` at `to`. */
  startTag(source: string, from: number, to: number): void;
  /** The same for an end tag. */
  endTag(source: string, from: number, to: number): void;
  skippedTag(closing: boolean, empty: boolean): void;
  /** A piece of text: of CDATA (`literal`), or with its references still in it. Never half a reference. */
  text(piece: string, literal: boolean): void;
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
  /** The quote that an attribute is open with, or ''. */
  quote: string;
  /** The last character so far. */
  last: string;
}

const CDATA_OPEN = '<![CDATA[';
const DECLARATION =
  /^<\?xml\s+version\s*=\s*(["'])1\.[0-9]+\1(?:\s+encoding\s*=\s*(["'])([A-Za-z0-9._-]+)\2)?(?:\s+standalone\s*=\s*(["'])(?:yes|no)\4)?\s*\?>$/;
/** An XML declaration with all its parts has 56 characters. */
const DECLARATION_MAX = 256;
/** What may be half a reference or half of `]]>`. */
const UNFINISHED_TEXT = new RegExp(`(?:&[#0-9A-Za-z]{0,${REFERENCE_MAX}}|\\]{1,2})$`);
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
  let inCdata = false;
  let partial: PartialTag | undefined;

  function grow(from: number, to: number): void {
    sink.grow(ascii ? to - from : Buffer.byteLength(input.slice(from, to)));
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
    if (piece.includes(']]>')) throw new XmlError('not-well-formed', "a ']]>' in text");
    grow(from, end);
    sink.text(piece, false);
  }

  function readCdata(): void {
    const from = at;
    const close = input.indexOf(']]>', from);
    let end = close;
    at = close + 3;
    inCdata = close < 0;
    if (inCdata) {
      const tail = input.slice(Math.max(from, input.length - 2));
      end = input.length - (/\]{1,2}$/.exec(tail)?.[0].length ?? 0);
      leave(end);
    }
    grow(from, end);
    sink.text(input.slice(from, end), true);
  }

  /** Where the tag ends, looking from `from` on; -1 when that has not come yet. */
  function endOfTag(tag: PartialTag, from: number): number {
    if (tag.closing) return input.indexOf('>', from);
    for (let each = from; each < input.length; each += 1) {
      if (tag.quote !== '') {
        each = input.indexOf(tag.quote, each);
        if (each < 0) return -1;
        tag.quote = '';
        continue;
      }
      const code = input.charCodeAt(each);
      if (code === GREATER) return each;
      if (code === LESS) throw new XmlError('not-well-formed', "a '<' in a tag");
      if (code === QUOTE) tag.quote = '"';
      else if (code === APOSTROPHE) tag.quote = "'";
    }
    return -1;
  }

  /** Reads a tag whose `<` is at `at`, or goes on with one from the packet before. */
  function readTag(): void {
    const from = at;
    const closing = partial ? partial.closing : input[from + 1] === '/';
    const tag = partial ?? { closing, wanted: sink.wants(closing), read: '', quote: '', last: '' };
    const end = endOfTag(tag, partial ? from : from + 1);
    at = end < 0 ? input.length : end + 1;
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
      else sink.startTag(source, start, stop);
    }
  }

  /** `<!` and `<?`: CDATA and, at the very start, the XML declaration; RFC 6120 section 11.1 forbids everything else. */
  function readSpecial(): void {
    const rest = input.slice(at, at + DECLARATION_MAX);
    if (rest.startsWith(CDATA_OPEN)) {
      grow(at, at + CDATA_OPEN.length);
      at += CDATA_OPEN.length;
      inCdata = true;
    } else if (CDATA_OPEN.startsWith(rest)) {
      leave(at);
    } else if (started || !rest.startsWith('<?')) {
      throw new XmlError('restricted-xml', 'a comment, DOCTYPE or processing instruction');
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
    else if (inCdata) readCdata();
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
      const illegal = findIllegal(decoded);
      // What comes before it counts, however the packets were cut.
      input = carry + (illegal < 0 ? decoded : decoded.slice(0, illegal));
      ascii = Buffer.byteLength(input) === input.length;
      carry = '';
      at = 0;
      while (at < input.length) {
        readNext();
        if (stopped) break;
      }
      input = '';
      if (illegal >= 0 && !stopped) throw new XmlError('not-well-formed', 'a control character');
    },
    stop() {
      stopped = true;
    },
  };
}

function checkDeclaration(declaration: string): void {
  const parts = DECLARATION.exec(declaration);
  if (!parts) throw new XmlError('not-well-formed', 'a bad XML declaration');
  if (parts[3] !== undefined && parts[3].toLowerCase() !== 'utf-8') {
    throw new XmlError('unsupported-encoding', 'not UTF-8');
  }
}

/**
 * UTF-8 cut anywhere, with line ends made the same (XML 1.0 section 2.11). A packet with other bytes is refused whole: the
 * stream ends with it anyway.
 */
function createDecoder(): (chunk: Uint8Array) => string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let afterReturn = false;
  return (chunk) => {
    let decoded: string;
    try {
      decoded = decoder.decode(chunk, { stream: true });
    } catch {
      throw new XmlError('not-well-formed', 'not UTF-8');
    }
    if (decoded === '') return '';
    const from = afterReturn && decoded.startsWith('\n') ? 1 : 0;
    afterReturn = decoded.endsWith('\r');
    const lines = decoded.includes('\r') ? decoded.replace(/\r\n?/g, '\n') : decoded;
    return from === 0 ? lines : lines.slice(from);
  };
}
