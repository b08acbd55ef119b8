/** Longest name of a key, and of a word in it, that is shown: twice as long as any that there is. */
const NAME_MAX = 40;
const WORD_MAX = 20;

/** A word, words in camel case, or a number; a few digits may stand at the end. */
const PART = /^(?:[A-Za-z][a-z]*(?:[A-Z][a-z]+)*)?\d{0,4}$/;

/** Values that show that key and value were swapped, as in `hunter2: secret`. */
const SECRET_KEYS: ReadonlySet<unknown> = new Set(['secret', 'password', 'passphrase', 'token', 'key']);

/**
 * Whether the name of a key that is not known may be shown, or looks like a value that was written on the wrong side of a
 * colon: it is long, or a mix of letters and digits, or has other characters than names have, or its value is the name of
 * a secret.
 */
export function isNameToShow(name: string, value?: unknown): boolean {
  if (name.length > NAME_MAX || SECRET_KEYS.has(value)) return false;
  return name.split(/[-_.]/).every((part) => part !== '' && PART.test(part) && hasShortWords(part));
}

function hasShortWords(part: string): boolean {
  return part.split(/(?=[A-Z])/).every((word) => word.length <= WORD_MAX);
}

/** What to say about a key that is not known, and has this value. */
export function suggestKey(unknown: string, value: unknown, known: readonly string[]): string {
  const all = `Known here: ${known.join(', ')}.`;
  if (!isNameToShow(unknown, value)) return `It looks like a value on the wrong side of a colon. ${all}`;
  return `Did you mean "${nearestOf(unknown, known)}"? ${all}`;
}

/** The known word with the smallest edit distance; '' where none is known. */
export function nearestOf(unknown: string, known: readonly string[]): string {
  const [nearest = ''] = known.toSorted((a, b) => editDistance(unknown, a) - editDistance(unknown, b));
  return nearest;
}

/** Levenshtein distance, without regard to case. Keys of any length: the text is cut to 64 characters. */
function editDistance(left: string, right: string): number {
  const a = left.toLowerCase().slice(0, 64);
  const b = right.toLowerCase().slice(0, 64);
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
