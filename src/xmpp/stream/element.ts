/** A light XML tree (RFC 6120 section 11), built by the parser and read by everything in `xmpp/`. */

/** An attribute with its namespace resolved. */
export interface Attribute {
  /** Local name, without prefix. */
  readonly name: string;
  /** Empty for an attribute without prefix (Namespaces in XML 1.0 section 6.2). */
  readonly namespace: string;
  readonly value: string;
}

/**
 * An element with resolved names. Its strings may be slices of the packet they came in and keep all of it in memory, so
 * `detach` whatever is kept after the stanza was handled.
 */
export interface Element {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: readonly Attribute[];
  readonly children: readonly (Element | string)[];
}

/** Value of an attribute without prefix; undefined if it is absent. */
export function attribute(element: Element, name: string): string | undefined {
  for (const each of element.attributes) if (each.name === name && each.namespace === '') return each.value;
  return undefined;
}

/** Whether a child of an element is an element with this name and namespace. */
export function isElement(node: Element | string, name: string, namespace: string): node is Element {
  return typeof node !== 'string' && node.name === name && node.namespace === namespace;
}

/** The first child element with this name and namespace. */
export function child(element: Element, name: string, namespace: string): Element | undefined {
  for (const each of element.children) if (isElement(each, name, namespace)) return each;
  return undefined;
}

/** All child elements with this name and namespace, in order. */
export function children(element: Element, name: string, namespace: string): Element[] {
  return element.children.filter((each) => isElement(each, name, namespace));
}

/** All child elements, in order. */
export function childElements(element: Element): Element[] {
  return element.children.filter((each) => typeof each !== 'string');
}

/** The element's own text, without that of child elements; '' if there is none. */
export function text(element: Element): string {
  const { children: nodes } = element;
  const only = nodes.length === 1 ? nodes[0] : undefined;
  if (typeof only === 'string') return only;
  return nodes.filter((each) => typeof each === 'string').join('');
}

/** Most memory of copies of all texts and attribute values in an element: two bytes for each UTF-16 unit. */
export function textBytes({ attributes, children: nodes }: Element): number {
  let bytes = 0;
  for (const { value } of attributes) bytes += 2 * value.length;
  for (const node of nodes) bytes += typeof node === 'string' ? 2 * node.length : textBytes(node);
  return bytes;
}

/** V8 copies a slice of fewer characters, rather than keeping what it was cut from. */
const shortestSlice = 13;

/** A copy that shares no memory with the packet. */
export function detach(value: string): string {
  return value.length < shortestSlice ? value : Buffer.from(value, 'utf8').toString('utf8');
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // The receiver would read literal white space in an attribute as a space (XML 1.0 section 3.3.3).
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

const NEEDS_ESCAPE = /[&<>"'\t\n\r]/;

/** Escapes a value for use as text or in an attribute with either quote. */
export function escapeXml(value: string): string {
  return NEEDS_ESCAPE.test(value) ? value.replace(/[&<>"'\t\n\r]/g, (found) => ESCAPES[found] ?? found) : value;
}
