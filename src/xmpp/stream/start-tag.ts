/** Reads one complete start tag: XML 1.0 section 3.1, Namespaces in XML 1.0. */
import { decodeReferences, endOfName, XmlError } from './characters.ts';
import type { Attribute, Element } from './element.ts';
import { type NamespaceScope, XML_NAMESPACE, XMLNS_NAMESPACE } from '../namespace-scope.ts';

/** An element whose children are still to come. */
export interface GrowingElement extends Element {
  readonly children: (Element | string)[];
}

export interface StartTag {
  readonly element: GrowingElement;
  /** As written, with prefix: the end tag has to repeat it. */
  readonly qualifiedName: string;
  /** What `leave` of the scope takes when the element ends. */
  readonly mark: number;
  /** `<x/>` */
  readonly empty: boolean;
}

const SLASH = 0x2f;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;

/**
 * Reads the start tag that has its `<` at `from` and its `>` at `to`, and makes its declarations in the scope.
 * @param attributesMax how many attributes it may have, namespace declarations included
 * @returns 'attributes' when it has more
 * @throws XmlError when it is not well-formed or uses an undeclared prefix
 */
export function readStartTag(
  source: string,
  from: number,
  to: number,
  scope: NamespaceScope,
  attributesMax: number,
): StartTag | 'attributes' {
  const empty = source.charCodeAt(to - 1) === SLASH;
  const end = empty ? to - 1 : to;
  let at = endOfName(source, from + 1);
  const qualifiedName = source.slice(from + 1, at);
  const raw: string[] = [];

  while (at < end) {
    const next = skipSpace(source, at, end);
    if (next === end) break;
    if (next === at) throw new XmlError('not-well-formed', 'no space before an attribute');
    if (raw.length === 2 * attributesMax) return 'attributes';
    const nameEnd = endOfName(source, next);
    const equals = skipSpace(source, nameEnd, end);
    if (source.charCodeAt(equals) !== EQUALS) throw new XmlError('not-well-formed', 'an attribute without value');
    const open = skipSpace(source, equals + 1, end);
    const quote = source.charCodeAt(open);
    if (quote !== QUOTE && quote !== APOSTROPHE) throw new XmlError('not-well-formed', 'an attribute without quotes');
    const close = source.indexOf(quote === QUOTE ? '"' : "'", open + 1);
    if (close < 0 || close >= end) throw new XmlError('not-well-formed', 'an attribute that does not end');
    raw.push(source.slice(next, nameEnd), attributeValue(source.slice(open + 1, close)));
    at = close + 1;
  }

  const { mark } = scope;
  declare(raw, scope);
  const colon = qualifiedName.indexOf(':');
  return {
    element: {
      name: colon < 0 ? qualifiedName : qualifiedName.slice(colon + 1),
      namespace: colon < 0 ? scope.defaultNamespace : resolve(qualifiedName.slice(0, colon), scope),
      attributes: resolveAttributes(raw, scope),
      children: [],
    },
    qualifiedName,
    mark,
    empty,
  };
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

function attributeValue(raw: string): string {
  if (raw.includes('<')) throw new XmlError('not-well-formed', "a '<' in an attribute");
  // XML 1.0 section 3.3.3: literal white space is a space, a reference to it is not.
  return decodeReferences(raw.includes('\n') || raw.includes('\t') ? raw.replace(/[\n\t]/g, ' ') : raw);
}

/** Makes the declarations among these attributes (name, value, name, value, …). */
function declare(raw: readonly string[], scope: NamespaceScope): void {
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    const value = raw[at + 1] as string;
    if (name === 'xmlns') {
      if (isReserved(value)) throw new XmlError('invalid-namespace', 'a reserved namespace is bound');
      scope.declare('', value);
    } else if (name.startsWith('xmlns:')) {
      const prefix = name.slice(6);
      const rightXml = prefix === 'xml' && value === XML_NAMESPACE;
      if (value === '' || prefix === 'xmlns' || (!rightXml && (prefix === 'xml' || isReserved(value)))) {
        throw new XmlError('bad-namespace-prefix', 'a prefix is bound to what it may not be bound to');
      }
      scope.declare(prefix, value);
    }
  }
}

function isReserved(namespace: string): boolean {
  return namespace === XML_NAMESPACE || namespace === XMLNS_NAMESPACE;
}

function resolve(prefix: string, scope: NamespaceScope): string {
  const namespace = scope.resolve(prefix);
  if (namespace === undefined) throw new XmlError('bad-namespace-prefix', 'an undeclared prefix');
  return namespace;
}

function resolveAttributes(raw: readonly string[], scope: NamespaceScope): Attribute[] {
  const attributes: Attribute[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const qualifiedName = raw[at] as string;
    for (let before = 0; before < at; before += 2) {
      if (raw[before] === qualifiedName) throw new XmlError('not-well-formed', 'an attribute twice');
    }
    if (qualifiedName === 'xmlns' || qualifiedName.startsWith('xmlns:')) continue;
    const colon = qualifiedName.indexOf(':');
    const name = colon < 0 ? qualifiedName : qualifiedName.slice(colon + 1);
    const namespace = colon < 0 ? '' : resolve(qualifiedName.slice(0, colon), scope);
    if (namespace !== '' && attributes.some((each) => each.name === name && each.namespace === namespace)) {
      throw new XmlError('not-well-formed', 'an attribute twice');
    }
    attributes.push({ name, namespace, value: raw[at + 1] as string });
  }
  return attributes;
}
