/** Namespace prefixes in force at the current place of a document (Namespaces in XML 1.0 section 6). */

/** Bound to the prefix `xml` in every document. */
export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
/** Bound to the prefix `xmlns`; no other prefix may be bound to it. */
export const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';

/** One map, changed in place with a list to undo it, so that the cost of a declaration does not grow. */
export interface PrefixScope {
  /** Number of declarations in force. */
  readonly mark: number;
  declare(prefix: string, namespace: string): void;
  /** The namespace of a prefix; undefined if the prefix is not declared here. */
  resolve(prefix: string): string | undefined;
  /** Undoes every declaration since `mark` had this value. */
  leave(mark: number): void;
}

interface Declaration {
  readonly prefix: string;
  /** Namespace of the prefix before this declaration. */
  readonly outer: string | undefined;
}

/** A scope with the declarations that hold outside of the root element. */
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
