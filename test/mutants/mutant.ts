/** One change at one place of the server, and the tests that have to notice it. */
export interface Mutant {
  /** Below `src/`. */
  readonly file: string;
  /** Must occur exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** What would be wrong with the server and go unnoticed: one plain sentence. */
  readonly breaks: string;
  /** Files below `test/`, run in this order until one fails. */
  readonly tests: readonly string[];
  /** Why no test can or need notice it. Without a reason a mutant that lives is a fault of the tests. */
  readonly survives?: string;
}

/**
 * @param text of `mutant.file`
 * @returns the changed text
 * @throws Error when `find` does not occur exactly once, or the change changes nothing: the table is out of date
 */
export function applyMutant(text: string, { file, find, replace }: Mutant): string {
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`${file}: occurs ${parts.length - 1} times, must occur once: ${find}`);
  if (find === replace) throw new Error(`${file}: is replaced with itself: ${find}`);
  return parts.join(replace);
}
