import type { Clock } from '../clock.ts';

/** `open`: it is still being found out. */
export type End = 'good' | 'bad' | 'open';

/** The latest things that were seen, each by its key once, and which of them came to a bad end. */
export interface Sample<Detail> {
  /** Notes it as the latest. Under a key that was noted before, it takes the place of the earlier one. */
  note(key: string | undefined, end: End): Sighting<Detail>;
  /** How many were seen within this time, milliseconds, and their ends. */
  count(withinMs: number): Tally;
  /** The bad ones within this time. */
  bad(withinMs: number): readonly Sighting<Detail>[];
  clear(): void;
  readonly size: number;
}

export interface Sighting<Detail> {
  readonly atMs: number;
  readonly end: End;
  /** Whatever is worth remembering with it. */
  detail?: Detail;
}

export interface Tally {
  /** Good and bad ones. */
  readonly seen: number;
  readonly bad: number;
  readonly open: number;
}

/** @param limit things that are remembered; the one that was seen longest ago is forgotten first. */
export function createSample<Detail>(options: {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly limit: number;
}): Sample<Detail> {
  const { clock, limit } = options;
  /** In the order of the latest sighting; what has no key has a number. */
  const sightings = new Map<string | number, Sighting<Detail>>();
  let unnamed = 0;

  function* since(withinMs: number): Generator<Sighting<Detail>> {
    const fromMs = clock.monotonic() - withinMs;
    for (const sighting of sightings.values()) if (sighting.atMs >= fromMs) yield sighting;
  }

  return {
    note(key, end) {
      const name = key ?? (unnamed += 1);
      const sighting = { atMs: clock.monotonic(), end };
      sightings.delete(name);
      sightings.set(name, sighting);
      if (sightings.size > limit) {
        const [oldest] = sightings.keys();
        if (oldest !== undefined) sightings.delete(oldest);
      }
      return sighting;
    },
    count(withinMs) {
      const ends = { good: 0, bad: 0, open: 0 };
      for (const { end } of since(withinMs)) ends[end] += 1;
      return { seen: ends.good + ends.bad, bad: ends.bad, open: ends.open };
    },
    bad: (withinMs) => [...since(withinMs)].filter(({ end }) => end === 'bad'),
    clear: () => sightings.clear(),
    get size() {
      return sightings.size;
    },
  };
}
