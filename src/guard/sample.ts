import type { Clock } from '../time/clock.ts';

/** The latest devices that were seen, each once, and which of them came to a bad end. */
export interface Sample<Detail> {
  /** Notes it as the latest. A device that was noted before takes the place of the earlier sighting. */
  note(device: SeenDevice, isBad: boolean): Sighting<Detail>;
  /** How many were seen, and how many of them were bad, within this time; milliseconds. */
  count(withinMs: number): Tally;
  /** The same count once for each domain that was seen, with the devices of that domain left out. */
  countWithoutEach(withinMs: number): readonly Tally[];
  /** What was seen within this time, the latest last. */
  latest(withinMs: number): readonly Sighting<Detail>[];
  /** The bad ones of it. */
  bad(withinMs: number): readonly Sighting<Detail>[];
  clear(): void;
  readonly size: number;
}

export interface SeenDevice {
  /** The same for all registrations of the device. */
  readonly key: string;
  readonly account: string;
  readonly domain: string;
}

export interface Sighting<Detail> {
  readonly account: string;
  readonly domain: string;
  readonly atMs: number;
  readonly isBad: boolean;
  /** Whatever is worth remembering with it. */
  detail?: Detail;
}

export interface Tally {
  readonly seen: number;
  readonly bad: number;
}

export interface SampleOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Devices that are remembered; the one that was seen longest ago is forgotten first. */
  readonly limit: number;
  /** Devices of one account, and of one domain: beyond it a new one takes the place of their own oldest. */
  readonly perAccount: number;
  readonly perDomain: number;
}

export function createSample<Detail>({ clock, limit, perAccount, perDomain }: SampleOptions): Sample<Detail> {
  /** In the order of the latest sighting. */
  const sightings = new Map<string, Sighting<Detail>>();
  // Each push that a provider accepts is noted, so that nothing may walk the sample.
  const byAccount = createGroups();
  const byDomain = createGroups();

  function* since(withinMs: number): Generator<Sighting<Detail>> {
    const fromMs = clock.monotonic() - withinMs;
    for (const sighting of sightings.values()) if (sighting.atMs >= fromMs) yield sighting;
  }

  function forget(key: string | undefined): void {
    const sighting = key === undefined ? undefined : sightings.get(key);
    if (key === undefined || !sighting) return;
    sightings.delete(key);
    byAccount.remove(sighting.account, key);
    byDomain.remove(sighting.domain, key);
  }

  function count(withinMs: number): Tally {
    let seen = 0;
    let bad = 0;
    for (const { isBad } of since(withinMs)) {
      seen += 1;
      if (isBad) bad += 1;
    }
    return { seen, bad };
  }

  return {
    note({ key, account, domain }, isBad) {
      // What an earlier bad end is remembered with stays due, whatever is said of it again.
      const earlier = sightings.get(key);
      const sighting: Sighting<Detail> = { account, domain, atMs: clock.monotonic(), isBad };
      if (isBad && earlier?.detail !== undefined) sighting.detail = earlier.detail;
      forget(key);
      sightings.set(key, sighting);
      byAccount.add(account, key);
      byDomain.add(domain, key);
      forget(byAccount.oldestBeyond(account, perAccount));
      forget(byDomain.oldestBeyond(domain, perDomain));
      if (sightings.size > limit) forget(sightings.keys().next().value);
      return sighting;
    },
    count,
    countWithoutEach(withinMs) {
      const tallies = new Map<string, { seen: number; bad: number }>();
      for (const { domain, isBad } of since(withinMs)) {
        const tally = tallies.get(domain) ?? { seen: 0, bad: 0 };
        tallies.set(domain, tally);
        tally.seen += 1;
        if (isBad) tally.bad += 1;
      }
      const { seen, bad } = count(withinMs);
      return Array.from(tallies.values(), (own) => ({ seen: seen - own.seen, bad: bad - own.bad }));
    },
    latest: (withinMs) => [...since(withinMs)],
    bad: (withinMs) => [...since(withinMs)].filter(({ isBad }) => isBad),
    clear() {
      sightings.clear();
      byAccount.clear();
      byDomain.clear();
    },
    get size() {
      return sightings.size;
    },
  };
}

/** Keys by the name of what they have in common, each in the order in which they were added. */
function createGroups() {
  const groups = new Map<string, Set<string>>();
  return {
    add(name: string, key: string): void {
      const group = groups.get(name) ?? new Set();
      groups.set(name, group.add(key));
    },
    remove(name: string, key: string): void {
      const group = groups.get(name);
      if (group?.delete(key) && group.size === 0) groups.delete(name);
    },
    /** The oldest of a group with more than so many keys. */
    oldestBeyond(name: string, most: number): string | undefined {
      const group = groups.get(name);
      return group && group.size > most ? group.keys().next().value : undefined;
    },
    clear: () => groups.clear(),
  };
}
