/**
 * Strict, bounded parser for one XMPP stream (RFC 6120 sections 4 and 11, XEP-0114). Its cost per byte is constant, and
 * it keeps nothing that it has handed out. A stanza that exceeds a limit, or is wrong but clearly delimited, is skipped
 * in constant memory. It does not end the stream, since a remote user sent the stanza but everybody would lose the
 * stream. In skipped elements only the nesting is counted: comparing end tags with start tags would need memory.
 */
import { decodeReferences, FLAWS, XmlError } from './characters.ts';
import { detach, type Element } from './element.ts';
import { createLexer, type TokenSink } from './lexer.ts';
import type { LinkLimits } from './limits.ts';
import { NS } from './namespaces.ts';
import { createPrefixScope } from './prefix-scope.ts';
import { createStartTagReader, type StartTag } from './start-tag.ts';

/** The limits that concern the parser. */
export type ParserLimits = Pick<LinkLimits, 'stanzaBytes' | 'depth' | 'attributes' | 'nodes'>;

/** Every `SkipReason`. */
export const SKIP_REASONS = ['bytes', 'depth', 'attributes', 'nodes', ...FLAWS] as const;

/** Why a stanza was skipped: the limit that it exceeded, or its fault. For one that is too long it is `bytes`. */
export type SkipReason = (typeof SKIP_REASONS)[number];

/** Receives what the parser reads. */
export interface ParserEvents {
  /** The stream header, without children, and the namespace of stanzas in it. */
  header(element: Element, stanzaNamespace: string): void;
  /** A complete child of the stream. */
  stanza(element: Element): void;
  /** A child of the stream was skipped. `head` is its start tag without wrong attributes, if that could be read. */
  skipped(reason: SkipReason, head: Element | undefined): void;
  /** `</stream:stream>`; no event follows. */
  end(): void;
  /** The stream cannot be read any further; no event follows. */
  error(error: XmlError): void;
}

/** A parser for one stream. */
export interface Parser {
  /** Takes a chunk from the socket, divided anywhere. No input makes it throw. */
  write(bytes: Uint8Array): void;
  /** Ignores all further input, including the rest of the current chunk. */
  stop(): void;
}

/** A stanza being skipped. */
interface Skip {
  readonly reason: SkipReason;
  readonly head: Element | undefined;
  /** Open elements in it that are not on the stack. */
  depth: number;
}

const NOT_SPACE = /[^ \t\n]/;

/** Makes a parser for one stream; each connection needs a new one. */
export function createParser(limits: ParserLimits, events: ParserEvents): Parser {
  const stack: StartTag[] = [];
  const prefixes = createPrefixScope();
  const readStartTag = createStartTagReader(prefixes, limits.attributes);
  let root: StartTag | undefined;
  /** Mark of the prefixes that hold around every stanza. */
  let rootMark = 0;
  let stopped = false;
  let skip: Skip | undefined;
  let bytes = 0;
  let nodes = 0;

  /** @param head start tag of the stanza, if it is not on the stack */
  function beginSkip(reason: SkipReason, head: Element | undefined = stack[0]?.element): void {
    for (const open of stack) open.element.children.length = 0;
    skip = { reason, depth: 0, head: head && detachHead(head) };
  }

  function addNode(): void {
    nodes += 1;
    if (nodes > limits.nodes) beginSkip('nodes');
  }

  function openStream(source: string, from: number, to: number, sound: boolean): void {
    const tag = sound ? readStartTag(source, from, to, '') : undefined;
    if (tag?.flaw === 'attributes') throw new XmlError('policy-violation', 'a stream header with too many attributes');
    if (!tag || tag.flaw) throw new XmlError(tag?.flaw ?? 'not-well-formed', 'a stream header that cannot be read');
    if (tag.element.name !== 'stream' || tag.element.namespace !== NS.stream) {
      throw new XmlError('invalid-namespace', 'not a stream');
    }
    root = tag;
    rootMark = prefixes.mark;
    events.header(tag.element, tag.defaultNamespace);
    if (tag.empty && !stopped) endStream();
  }

  function endStream(): void {
    stop();
    events.end();
  }

  function stop(): void {
    stopped = true;
    lexer.stop();
  }

  /** A child of the stream is complete, or was skipped to its end. */
  function endStanza(element: Element | undefined): void {
    const skipped = skip;
    skip = undefined;
    prefixes.leave(rootMark);
    if (skipped) events.skipped(reasonFor(skipped), skipped.head);
    else if (element) events.stanza(element);
  }

  /** Packet boundaries decide whether a long text is found wrong or too long first, so too long takes precedence. */
  function reasonFor({ reason }: Skip): SkipReason {
    return bytes > limits.stanzaBytes && FLAWS.some((flaw) => flaw === reason) ? 'bytes' : reason;
  }

  function endElement({ element, mark }: StartTag): void {
    if (mark !== undefined) prefixes.leave(mark);
    const parent = stack.at(-1);
    if (!parent) endStanza(element);
    else if (!skip) parent.element.children.push(element);
  }

  function endSkipped(current: Skip): void {
    if (current.depth === 0 && stack.length === 0) endStanza(undefined);
  }

  const sink: TokenSink = {
    wants(closing) {
      if (stack.length === 0 && !skip) bytes = 0;
      return !skip || (closing && skip.depth === 0);
    },
    grow(more) {
      bytes += more;
      if (bytes <= limits.stanzaBytes || skip) return;
      if (!root) throw new XmlError('policy-violation', 'a stream header that is too long');
      if (stack.length > 0) beginSkip('bytes');
    },
    stillWants(closing, length) {
      if (length > limits.stanzaBytes && closing) throw new XmlError('not-well-formed', 'an endless end tag');
      if (length > limits.stanzaBytes && !skip) beginSkip('bytes');
      return closing || !skip;
    },
    startTag(source, from, to, sound) {
      if (!root) {
        openStream(source, from, to, sound);
        return;
      }
      if (!skip) {
        if (stack.length === 0) nodes = 0;
        if (stack.length >= limits.depth) beginSkip('depth');
        else if (stack.length === 0 && bytes > limits.stanzaBytes) beginSkip('bytes');
        else addNode();
      }
      if (!skip && !sound) beginSkip('not-well-formed');
      const tag = skip ? undefined : readStartTag(source, from, to, (stack.at(-1) ?? root).defaultNamespace);
      if (tag?.flaw) beginSkip(tag.flaw, stack.length === 0 ? tag.head : undefined);
      if (!tag || tag.flaw) sink.skippedTag(false, source[to - 1] === '/');
      else if (tag.empty) endElement(tag);
      else stack.push(tag);
    },
    endTag(source, from, to) {
      const open = stack.at(-1) ?? root;
      if (to - from > limits.stanzaBytes) throw new XmlError('not-well-formed', 'an endless end tag');
      const after = open && afterName(source, from, to, open.qualifiedName);
      if (!open || after === undefined) throw new XmlError('not-well-formed', 'an end tag that does not match');
      const plain = after === '' || !NOT_SPACE.test(after);
      if (open === root) {
        if (!plain) throw new XmlError('not-well-formed', 'attributes of an end tag');
        endStream();
        return;
      }
      if (!plain && !skip) beginSkip('not-well-formed');
      stack.pop();
      endElement(open);
    },
    skippedTag(closing, empty) {
      if (!skip) return;
      if (closing) skip.depth -= 1;
      else if (!empty) skip.depth += 1;
      endSkipped(skip);
    },
    text(piece, literal, sound) {
      const open = stack.at(-1);
      if (!open && !skip && (literal || NOT_SPACE.test(piece))) {
        throw new XmlError('not-well-formed', 'text outside of a stanza');
      }
      if (!open || skip || piece === '') return;
      const { children } = open.element;
      const before = children.at(-1);
      if (typeof before !== 'string') {
        addNode();
        if (skip) return;
      }
      const decoded = literal ? piece : decodeReferences(piece);
      if (!sound || decoded === undefined) beginSkip('not-well-formed');
      else if (typeof before === 'string') children[children.length - 1] = before + decoded;
      else children.push(decoded);
    },
    restricted() {
      if (stack.length === 0 && !skip) {
        throw new XmlError('restricted-xml', 'a comment or processing instruction outside of a stanza');
      }
      if (!skip) beginSkip('restricted-xml');
    },
  };

  const lexer = createLexer(sink);

  return {
    write(chunk) {
      if (stopped) return;
      try {
        lexer.write(chunk);
      } catch (error) {
        if (!(error instanceof XmlError)) throw error;
        stop();
        events.error(error);
      }
    },
    stop,
  };
}

/** What `</name …>` has after the expected name, from the space on; undefined if the name differs. */
function afterName(source: string, from: number, to: number, name: string): string | undefined {
  if (!source.startsWith(name, from + 2)) return undefined;
  const end = from + 2 + name.length;
  if (end === to) return '';
  return NOT_SPACE.test(source.charAt(end)) ? undefined : source.slice(end, to);
}

function detachHead(head: Element): Element {
  return {
    name: detach(head.name),
    namespace: detach(head.namespace),
    attributes: head.attributes.map(({ name, namespace, value }) => ({
      name: detach(name),
      namespace: detach(namespace),
      value: detach(value),
    })),
    children: [],
  };
}
