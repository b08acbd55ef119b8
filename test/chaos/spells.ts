/** A time for which something lasted, milliseconds since 1970. */
export interface Spell {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Of spells in their order, none within another: for how much of the given time they lasted. */
export function overlapMs(spells: readonly Spell[], { fromMs, untilMs }: Spell): number {
  let sumMs = 0;
  for (let i = firstIndex(spells, (spell) => spell.untilMs > fromMs); i < spells.length; i += 1) {
    const spell = spells[i] as Spell;
    if (spell.fromMs >= untilMs) break;
    sumMs += Math.min(spell.untilMs, untilMs) - Math.max(spell.fromMs, fromMs);
  }
  return sumMs;
}

/** The first that matches, of those that come in an order in which what does not match precedes what does. */
export function firstOf<T>(ordered: readonly T[], matches: (one: T) => boolean): T | undefined {
  return ordered[firstIndex(ordered, matches)];
}

function firstIndex<T>(ordered: readonly T[], matches: (one: T) => boolean): number {
  let [low, high] = [0, ordered.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (matches(ordered[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
