/**
 * Strict, bounded parser for one XMPP stream (RFC 6120 sections 4 and 11, XEP-0114). It costs the same for every byte,
 * keeps nothing of what it has handed out, and skips a stanza beyond the limits in constant memory instead of ending
 * the stream: whoever sends such a stanza is a remote user, whoever would lose the stream is everybody. Of what is
 * skipped only the nesting is checked, not the names.
 */
import { checkReferences, decodeReferences, XmlError } from './characters.ts';
import { detach, type Element } from './element.ts';
import { createLexer, type TokenSink } from './lexer.ts';
import type { LinkLimits } from './limits.ts';
import { NS } from './namespaces.ts';
import { createNamespaceScope } from '../namespace-scope.ts';
import { type GrowingElement, readStartTag, type StartTag } from './start-tag.ts';

export type ParserLimits = Pick<LinkLimits, 'stanzaBytes' | 'depth' | 'attributes' | 'nodes'>;

/** Why a stanza was skipped: the limit that it passed. */
export type SkipReason = 'bytes' | 'depth' | 'attributes' | 'nodes';

export interface ParserEvents {
  /** The stream's header, without children. */
  header(element: Element): void;
  /** A child of the stream, complete. */
  stanza(element: Element): void;
  /** A child of the stream was beyond the limits; `head` is its start tag, if that could be read. */
  skipped(reason: SkipReason, head: Element | undefined): void;
  /** `</stream:stream>`; nothing follows. */
  end(): void;
  /** The stream cannot be read any further; nothing follows. */
  error(error: XmlError): void;
}

export interface Parser {
  /** Takes what came from the socket, cut anywhere. Throws for nothing that the bytes may be. */
  write(bytes: Uint8Array): void;
  /** Ignores everything from now on, also what is left of the bytes being parsed. */
  stop(): void;
}

/** A stanza of which nothing is kept any more. */
interface Skip {
  readonly reason: SkipReason;
  readonly head: Element | undefined;
  /** Elements open within it that are not on the stack. */
  depth: number;
}

const NOT_SPACE = /[^ \t\n]/;

/** A parser for one stream; a new connection needs a new one. */
export function createParser(limits: ParserLimits, events: ParserEvents): Parser {
  const stack: StartTag[] = [];
  const scope = createNamespaceScope();
  let root: StartTag | undefined;
  /** Where the scope of a stanza begins. */
  let rootMark = 0;
  let stopped = false;
  let skip: Skip | undefined;
  let bytes = 0;
  let nodes = 0;

  function beginSkip(reason: SkipReason): void {
    const head = stack[0]?.element;
    for (const open of stack) open.element.children.length = 0;
    skip = { reason, depth: 0, head: head && detachHead(head) };
  }

  function addNode(): void {
    nodes += 1;
    if (nodes > limits.nodes) beginSkip('nodes');
  }

  function openStream(source: string, from: number, to: number): void {
    const tag = readStartTag(source, from, to, scope, limits.attributes);
    if (tag === 'attributes') throw new XmlError('policy-violation', 'a stream header with too many attributes');
    if (tag.element.name !== 'stream' || tag.element.namespace !== NS.stream) {
      throw new XmlError('invalid-namespace', 'not a stream');
    }
    root = tag;
    rootMark = scope.mark;
    events.header(tag.element);
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

  /** A child of the stream is complete, or its skipping is. */
  function endStanza(element: Element | undefined): void {
    const skipped = skip;
    skip = undefined;
    scope.leave(rootMark);
    if (skipped) events.skipped(skipped.reason, skipped.head);
    else if (element) events.stanza(element);
  }

  function endElement({ element, mark }: StartTag): void {
    scope.leave(mark);
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
    startTag(source, from, to) {
      if (!root) {
        openStream(source, from, to);
        return;
      }
      if (!skip) {
        if (stack.length === 0) nodes = 0;
        if (stack.length >= limits.depth) beginSkip('depth');
        else if (stack.length === 0 && bytes > limits.stanzaBytes) beginSkip('bytes');
        else addNode();
      }
      const tag = skip ? undefined : readStartTag(source, from, to, scope, limits.attributes);
      if (tag === 'attributes') beginSkip('attributes');
      if (tag === undefined || tag === 'attributes') sink.skippedTag(false, source[to - 1] === '/');
      else if (tag.empty) endElement(tag);
      else stack.push(tag);
    },
    endTag(source, from, to) {
      const open = stack.pop() ?? root;
      if (!open || !matches(source, from, to, open.qualifiedName)) {
        throw new XmlError('not-well-formed', 'an end tag that does not match');
      }
      if (open === root) endStream();
      else endElement(open);
    },
    skippedTag(closing, empty) {
      if (!skip) return;
      if (closing) skip.depth -= 1;
      else if (!empty) skip.depth += 1;
      endSkipped(skip);
    },
    text(piece, literal) {
      const open = stack.at(-1);
      if (!open && !skip && (literal || NOT_SPACE.test(piece))) {
        throw new XmlError('not-well-formed', 'text outside of a stanza');
      }
      if (!open || skip) {
        if (!literal) checkReferences(piece);
        return;
      }
      addText(open.element, literal ? piece : decodeReferences(piece));
    },
  };

  function addText(element: GrowingElement, piece: string): void {
    if (piece === '') return;
    const { children } = element;
    const before = children.at(-1);
    if (typeof before === 'string') children[children.length - 1] = before + piece;
    else {
      addNode();
      if (!skip) children.push(piece);
    }
  }

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

/** Whether `</name >` closes what was opened by that name. */
function matches(source: string, from: number, to: number, name: string): boolean {
  if (!source.startsWith(name, from + 2)) return false;
  const end = from + 2 + name.length;
  return end === to || !NOT_SPACE.test(source.slice(end, to));
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
