/** A period in milliseconds since 1970. */
export interface Spell {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** How much of the given time the periods cover; they are in order and do not overlap. */
export function overlapMs(spells: readonly Spell[], { fromMs, untilMs }: Spell): number {
  let sumMs = 0;
  for (let i = firstIndex(spells, (spell) => spell.untilMs > fromMs); i < spells.length; i += 1) {
    const spell = spells[i] as Spell;
    if (spell.fromMs >= untilMs) break;
    sumMs += Math.min(spell.untilMs, untilMs) - Math.max(spell.fromMs, fromMs);
  }
  return sumMs;
}

/** The first item that matches, where all that do not match come before those that do. */
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
