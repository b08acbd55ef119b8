import type { Clock } from '../time/clock.ts';
import { Line, type Place } from './line.ts';

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

/** A sighting, and where its key stands: among all, among those of its account and among those of its domain. */
interface Entry<Detail> {
  readonly sighting: Sighting<Detail>;
  readonly inAll: Place<string>;
  readonly inAccount: Place<string>;
  readonly inDomain: Place<string>;
}

export function createSample<Detail>({ clock, limit, perAccount, perDomain }: SampleOptions): Sample<Detail> {
  // Each push that a provider accepts is noted, so that nothing may walk the sample.
  const entries = new Map<string, Entry<Detail>>();
  /** Keys in the order of the latest sighting. */
  const all = new Line<string>();
  const byAccount = createGroups();
  const byDomain = createGroups();

  function* since(withinMs: number): Generator<Sighting<Detail>> {
    const fromMs = clock.monotonic() - withinMs;
    for (const key of all) {
      const sighting = entries.get(key)?.sighting;
      if (sighting && sighting.atMs >= fromMs) yield sighting;
    }
  }

  function forget(key: string | undefined): void {
    const entry = key === undefined ? undefined : entries.get(key);
    if (key === undefined || !entry) return;
    const { sighting, inAll, inAccount, inDomain } = entry;
    entries.delete(key);
    all.remove(inAll);
    byAccount.remove(sighting.account, inAccount);
    byDomain.remove(sighting.domain, inDomain);
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
      const earlier = entries.get(key)?.sighting;
      const sighting: Sighting<Detail> = { account, domain, atMs: clock.monotonic(), isBad };
      if (isBad && earlier?.detail !== undefined) sighting.detail = earlier.detail;
      forget(key);
      entries.set(key, {
        sighting,
        inAll: all.add(key),
        inAccount: byAccount.add(account, key),
        inDomain: byDomain.add(domain, key),
      });
      forget(byAccount.oldestBeyond(account, perAccount));
      forget(byDomain.oldestBeyond(domain, perDomain));
      if (all.size > limit) forget(all.oldest);
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
      entries.clear();
      all.clear();
      byAccount.clear();
      byDomain.clear();
    },
    get size() {
      return all.size;
    },
  };
}

/** Keys by the name of what they have in common, each in the order in which they were added. */
function createGroups() {
  const groups = new Map<string, Line<string>>();
  return {
    add(name: string, key: string): Place<string> {
      let group = groups.get(name);
      if (!group) groups.set(name, (group = new Line()));
      return group.add(key);
    },
    remove(name: string, place: Place<string>): void {
      const group = groups.get(name);
      group?.remove(place);
      if (group?.size === 0) groups.delete(name);
    },
    /** The oldest of a group with more than so many keys. */
    oldestBeyond(name: string, most: number): string | undefined {
      const group = groups.get(name);
      return group && group.size > most ? group.oldest : undefined;
    },
    clear: () => groups.clear(),
  };
}
