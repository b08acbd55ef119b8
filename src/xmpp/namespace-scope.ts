/** Namespace declarations in force at the place of a document that is being read (Namespaces in XML 1.0 section 6). */

/** Bound to the prefix `xml` in every document. */
export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
/** Bound to the prefix `xmlns`, and to be bound to no other. */
export const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';

/**
 * One map for the whole document, changed in place, with a list of what to change back: a declaration takes the same few
 * steps to come and to go, however many others are in force.
 */
export interface NamespaceScope {
  /** Of elements without prefix; '' when none is declared. */
  readonly defaultNamespace: string;
  /** What `leave` takes to return to here; the number of declarations between here and the document's root. */
  readonly mark: number;
  /** @param prefix '' for the default namespace */
  declare(prefix: string, namespace: string): void;
  /** The namespace that a prefix stands for; undefined when it is not declared here. */
  resolve(prefix: string): string | undefined;
  /** Takes back every declaration since then. */
  leave(mark: number): void;
}

interface Declaration {
  readonly prefix: string;
  /** What the prefix stood for outside. */
  readonly outer: string | undefined;
}

/** What holds outside of a document's root. */
export function createNamespaceScope(): NamespaceScope {
  const prefixes = new Map([['xml', XML_NAMESPACE]]);
  const declarations: Declaration[] = [];
  let defaultNamespace = '';

  return {
    get defaultNamespace() {
      return defaultNamespace;
    },
    get mark() {
      return declarations.length;
    },
    declare(prefix, namespace) {
      if (prefix === '') {
        declarations.push({ prefix, outer: defaultNamespace });
        defaultNamespace = namespace;
      } else {
        declarations.push({ prefix, outer: prefixes.get(prefix) });
        prefixes.set(prefix, namespace);
      }
    },
    resolve: (prefix) => prefixes.get(prefix),
    leave(mark) {
      while (declarations.length > mark) {
        const { prefix, outer } = declarations.pop() as Declaration;
        if (prefix === '') defaultNamespace = outer ?? '';
        else if (outer === undefined) prefixes.delete(prefix);
        else prefixes.set(prefix, outer);
      }
    },
  };
}
