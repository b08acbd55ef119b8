/** Namespace prefixes in force at the place of a document that is being read (Namespaces in XML 1.0 section 6). */

/** Bound to the prefix `xml` in every document. */
export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
/** Bound to the prefix `xmlns`, and to be bound to no other. */
export const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';

/**
 * One map for the whole document, changed in place, with a list of what to change back: a declaration takes the same few
 * steps to come and to go, however many others are in force.
 */
export interface PrefixScope {
  /** How many declarations there are between here and the outside of the document. */
  readonly mark: number;
  declare(prefix: string, namespace: string): void;
  /** The namespace that a prefix stands for; undefined when it is not declared here. */
  resolve(prefix: string): string | undefined;
  /** Returns to where `mark` was this: takes back every declaration since then. */
  leave(mark: number): void;
}

interface Declaration {
  readonly prefix: string;
  /** What the prefix stood for outside. */
  readonly outer: string | undefined;
}

/** What holds outside of a document's root. */
export function createPrefixScope(): PrefixScope {
  const namespaces = new Map([['xml', XML_NAMESPACE]]);
  const declarations: Declaration[] = [];

  return {
    get mark() {
      return declarations.length;
    },
    declare(prefix, namespace) {
      declarations.push({ prefix, outer: namespaces.get(prefix) });
      namespaces.set(prefix, namespace);
    },
    resolve: (prefix) => namespaces.get(prefix),
    leave(mark) {
      while (declarations.length > mark) {
        const { prefix, outer } = declarations.pop() as Declaration;
        if (outer === undefined) namespaces.delete(prefix);
        else namespaces.set(prefix, outer);
      }
    },
  };
}
