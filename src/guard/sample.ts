import type { Clock } from '../time/clock.ts';

/** The latest things that were seen, each by its key once, and which of them came to a bad end. */
export interface Sample<Detail> {
  /** Notes it as the latest. Under a key that was noted before, it takes the place of the earlier one. */
  note(key: string, isBad: boolean): Sighting<Detail>;
  /** How many were seen, and how many of them were bad, within this time; milliseconds. */
  count(withinMs: number): Tally;
  /** The bad ones within this time. */
  bad(withinMs: number): readonly Sighting<Detail>[];
  clear(): void;
  readonly size: number;
}

export interface Sighting<Detail> {
  readonly atMs: number;
  readonly isBad: boolean;
  /** Whatever is worth remembering with it. */
  detail?: Detail;
}

export interface Tally {
  readonly seen: number;
  readonly bad: number;
}

/** @param limit things that are remembered; the one that was seen longest ago is forgotten first. */
export function createSample<Detail>(options: {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly limit: number;
}): Sample<Detail> {
  const { clock, limit } = options;
  /** In the order of the latest sighting. */
  const sightings = new Map<string, Sighting<Detail>>();

  function* since(withinMs: number): Generator<Sighting<Detail>> {
    const fromMs = clock.monotonic() - withinMs;
    for (const sighting of sightings.values()) if (sighting.atMs >= fromMs) yield sighting;
  }

  return {
    note(key, isBad) {
      // What an earlier bad end is remembered with stays due, whatever is said of it again.
      const earlier = sightings.get(key);
      const sighting: Sighting<Detail> = { atMs: clock.monotonic(), isBad };
      if (isBad && earlier?.detail !== undefined) sighting.detail = earlier.detail;
      sightings.delete(key);
      sightings.set(key, sighting);
      if (sightings.size > limit) {
        const [oldest] = sightings.keys();
        if (oldest !== undefined) sightings.delete(oldest);
      }
      return sighting;
    },
    count(withinMs) {
      let seen = 0;
      let bad = 0;
      for (const { isBad } of since(withinMs)) {
        seen += 1;
        if (isBad) bad += 1;
      }
      return { seen, bad };
    },
    bad: (withinMs) => [...since(withinMs)].filter(({ isBad }) => isBad),
    clear: () => sightings.clear(),
    get size() {
      return sightings.size;
    },
  };
}
