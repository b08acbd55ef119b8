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

  function* since(withinMs: number): Generator<Sighting<Detail>> {
    const fromMs = clock.monotonic() - withinMs;
    for (const sighting of sightings.values()) if (sighting.atMs >= fromMs) yield sighting;
  }

  /** Forgets the oldest of those that are alike, if they are more than may be. */
  function forgetBeyond(most: number, isAlike: (sighting: Sighting<Detail>) => boolean): void {
    const alike = [...sightings].filter(([, sighting]) => isAlike(sighting));
    const [oldest] = alike[0] ?? [];
    if (alike.length > most && oldest !== undefined) sightings.delete(oldest);
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
      sightings.delete(key);
      sightings.set(key, sighting);
      forgetBeyond(perAccount, (other) => other.account === account);
      forgetBeyond(perDomain, (other) => other.domain === domain);
      forgetBeyond(limit, () => true);
      return sighting;
    },
    count,
    countWithoutEach(withinMs) {
      const byDomain = new Map<string, { seen: number; bad: number }>();
      for (const { domain, isBad } of since(withinMs)) {
        const tally = byDomain.get(domain) ?? { seen: 0, bad: 0 };
        byDomain.set(domain, tally);
        tally.seen += 1;
        if (isBad) tally.bad += 1;
      }
      const { seen, bad } = count(withinMs);
      return Array.from(byDomain.values(), (own) => ({ seen: seen - own.seen, bad: bad - own.bad }));
    },
    latest: (withinMs) => [...since(withinMs)],
    bad: (withinMs) => [...since(withinMs)].filter(({ isBad }) => isBad),
    clear: () => sightings.clear(),
    get size() {
      return sightings.size;
    },
  };
}
