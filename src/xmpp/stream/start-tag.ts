/** Reads a complete start tag: XML 1.0 section 3.1 and Namespaces in XML 1.0. */
import { decodeReferences, endOfName, type Flaw } from './characters.ts';
import type { Attribute, Element } from './element.ts';
import { type PrefixScope, XML_NAMESPACE, XMLNS_NAMESPACE } from './prefix-scope.ts';

/** An element that children are still added to. */
export interface GrowingElement extends Element {
  readonly children: (Element | string)[];
}

/** A start tag that was read. */
export interface StartTag {
  readonly flaw?: undefined;
  readonly element: GrowingElement;
  /** Name as written, with prefix; the end tag has to repeat it. */
  readonly qualifiedName: string;
  /** Namespace of elements within it that have no prefix. */
  readonly defaultNamespace: string;
  /** Argument for `leave` of the prefixes when the element ends; undefined if it declares none. */
  readonly mark: number | undefined;
  /** `<x/>` */
  readonly empty: boolean;
}

/** A start tag with a fault. */
export interface UnreadableTag {
  readonly flaw: Flaw | 'attributes';
  /** The element without its wrong attributes; absent if the others are unclear too. */
  readonly head?: Element;
}

/**
 * Reads the start tag with its `<` at `from` and its `>` at `to`. It declares the prefixes of the tag, even if the tag
 * turns out to be wrong.
 * @param outerDefault default namespace around the tag
 */
export type StartTagReader = (
  source: string,
  from: number,
  to: number,
  outerDefault: string,
) => StartTag | UnreadableTag;

const BROKEN: UnreadableTag = { flaw: 'not-well-formed' };
const TOO_MANY_ATTRIBUTES: UnreadableTag = { flaw: 'attributes' };
const SLASH = 0x2f;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;

/**
 * Makes a reader of start tags.
 * @param prefixes scope in which the next tag is read
 * @param attributesMax most attributes of a tag, namespace declarations included
 */
export function createStartTagReader(prefixes: PrefixScope, attributesMax: number): StartTagReader {
  return (source, from, to, outerDefault) => {
    const empty = source.charCodeAt(to - 1) === SLASH;
    const end = empty ? to - 1 : to;
    const nameEnd = endOfName(source, from + 1);
    if (nameEnd < 0) return BROKEN;
    const qualifiedName = source.slice(from + 1, nameEnd);
    const raw = readAttributes(source, nameEnd, end, attributesMax);
    if (!Array.isArray(raw)) return raw;

    const attributes: Attribute[] = [];
    let prefixed: string[] | undefined;
    let mark: number | undefined;
    let defaultNamespace = outerDefault;
    let flaw: Flaw | undefined;
    for (let at = 0; at < raw.length; at += 2) {
      const name = raw[at] as string;
      const value = raw[at + 1] as string;
      if (name === 'xmlns') defaultNamespace = value;
      else if (!name.includes(':')) attributes.push({ name, namespace: '', value });
      else if (name.startsWith('xmlns:')) {
        mark ??= prefixes.mark;
        flaw = declare(prefixes, name.slice(6), value) ?? flaw;
      } else (prefixed ??= []).push(name, value);
    }
    if (defaultNamespace === XMLNS_NAMESPACE) flaw = 'invalid-namespace';
    if (prefixed) flaw = addPrefixed(attributes, prefixed, prefixes) ?? flaw;

    const colon = qualifiedName.indexOf(':');
    const name = colon < 0 ? qualifiedName : qualifiedName.slice(colon + 1);
    const namespace = colon < 0 ? defaultNamespace : prefixes.resolve(qualifiedName.slice(0, colon));
    if (namespace === undefined) return { flaw: 'bad-namespace-prefix' };
    const element: GrowingElement = { name, namespace, attributes, children: [] };
    return flaw ? { flaw, head: element } : { element, qualifiedName, defaultNamespace, mark, empty };
  };
}

/** Names and values in turn, as written except that references in values are replaced. */
function readAttributes(source: string, from: number, end: number, attributesMax: number): string[] | UnreadableTag {
  const raw: string[] = [];
  let at = from;
  while (at < end) {
    const next = skipSpace(source, at, end);
    if (next === end) break;
    if (raw.length === 2 * attributesMax) return TOO_MANY_ATTRIBUTES;
    const nameEnd = endOfName(source, next);
    if (next === at || nameEnd < 0) return BROKEN;
    const equals = skipSpace(source, nameEnd, end);
    const open = skipSpace(source, equals + 1, end);
    const quote = source.charCodeAt(open);
    if (source.charCodeAt(equals) !== EQUALS || (quote !== QUOTE && quote !== APOSTROPHE)) return BROKEN;
    const close = source.indexOf(quote === QUOTE ? '"' : "'", open + 1);
    if (close < 0 || close >= end) return BROKEN;
    const name = source.slice(next, nameEnd);
    const value = attributeValue(source.slice(open + 1, close));
    if (value === undefined || valueOf(raw, name) !== undefined) return BROKEN;
    raw.push(name, value);
    at = close + 1;
  }
  return raw;
}

function skipSpace(source: string, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const code = source.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x09 && code !== 0x0d) break;
    at += 1;
  }
  return at;
}

function attributeValue(raw: string): string | undefined {
  if (raw.includes('<')) return undefined;
  // XML 1.0 section 3.3.3: literal white space becomes a space, a reference to white space does not.
  return decodeReferences(raw.includes('\n') || raw.includes('\t') ? raw.replace(/[\n\t]/g, ' ') : raw);
}

/** Value of the attribute with this qualified name. */
function valueOf(raw: readonly string[], qualifiedName: string): string | undefined {
  for (let at = 0; at < raw.length; at += 2) if (raw[at] === qualifiedName) return raw[at + 1];
  return undefined;
}

/**
 * Adds a declaration, or returns its fault. Contrary to Namespaces in XML 1.0 section 3 the namespace of `xml` may have
 * other prefixes and be the default: Prosody writes it so if a user sends `<xml:x xml:y='z'/>`.
 */
function declare(prefixes: PrefixScope, prefix: string, namespace: string): Flaw | undefined {
  const isTaken = prefix === 'xmlns' || (prefix === 'xml' && namespace !== XML_NAMESPACE);
  if (isTaken || namespace === '' || namespace === XMLNS_NAMESPACE) return 'bad-namespace-prefix';
  prefixes.declare(prefix, namespace);
  return undefined;
}

/** Adds the attributes that have prefixes, and returns the fault of one that it leaves out. */
function addPrefixed(attributes: Attribute[], prefixed: readonly string[], prefixes: PrefixScope): Flaw | undefined {
  let flaw: Flaw | undefined;
  for (let at = 0; at < prefixed.length; at += 2) {
    const qualifiedName = prefixed[at] as string;
    const value = prefixed[at + 1] as string;
    const colon = qualifiedName.indexOf(':');
    const name = qualifiedName.slice(colon + 1);
    const namespace = prefixes.resolve(qualifiedName.slice(0, colon));
    if (namespace === undefined) flaw = 'bad-namespace-prefix';
    else if (attributes.some((each) => each.name === name && each.namespace === namespace)) flaw = 'not-well-formed';
    else attributes.push({ name, namespace, value });
  }
  return flaw;
}
