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

/** The latest sighting of a device, and where it stands: among all, among those of its account and of its domain. */
class Entry<Detail> {
  readonly key: string;
  readonly ofAccount: Group<Detail>;
  readonly ofDomain: Group<Detail>;
  sighting: Sighting<Detail>;
  readonly inAll: Place<Entry<Detail>>;
  readonly inAccount: Place<Entry<Detail>>;
  readonly inDomain: Place<Entry<Detail>>;

  constructor(seen: Pick<Entry<Detail>, 'key' | 'ofAccount' | 'ofDomain' | 'sighting'>, all: Line<Entry<Detail>>) {
    this.key = seen.key;
    this.ofAccount = seen.ofAccount;
    this.ofDomain = seen.ofDomain;
    this.sighting = seen.sighting;
    this.inAll = all.add(this);
    this.inAccount = this.ofAccount.entries.add(this);
    this.inDomain = this.ofDomain.entries.add(this);
  }
}

/** Devices that have something in common. */
interface Group<Detail> {
  readonly name: string;
  readonly entries: Line<Entry<Detail>>;
}

export function createSample<Detail>({ clock, limit, perAccount, perDomain }: SampleOptions): Sample<Detail> {
  // Each push that a provider accepts is noted, so that nothing may walk the sample, and a device that is in it already
  // changes no map.
  const byKey = new Map<string, Entry<Detail>>();
  /** In the order of the latest sighting. */
  const all = new Line<Entry<Detail>>();
  const accounts = new Map<string, Group<Detail>>();
  const domains = new Map<string, Group<Detail>>();

  function* since(withinMs: number): Generator<Sighting<Detail>> {
    const fromMs = clock.monotonic() - withinMs;
    for (const { sighting } of all) if (sighting.atMs >= fromMs) yield sighting;
  }

  function add(key: string, sighting: Sighting<Detail>): Entry<Detail> {
    const ofAccount = groupOf(accounts, sighting.account);
    const ofDomain = groupOf(domains, sighting.domain);
    const entry = new Entry({ key, ofAccount, ofDomain, sighting }, all);
    byKey.set(key, entry);
    return entry;
  }

  function renew({ inAll, ofAccount, inAccount, ofDomain, inDomain }: Entry<Detail>): void {
    all.renew(inAll);
    ofAccount.entries.renew(inAccount);
    ofDomain.entries.renew(inDomain);
  }

  function forget(entry: Entry<Detail> | undefined): void {
    if (!entry) return;
    byKey.delete(entry.key);
    all.remove(entry.inAll);
    leave(accounts, entry.ofAccount, entry.inAccount);
    leave(domains, entry.ofDomain, entry.inDomain);
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
      const sighting: Sighting<Detail> = { account, domain, atMs: clock.monotonic(), isBad };
      const known = byKey.get(key);
      if (known) {
        // A device that was bad and is bad again keeps the detail of the first time, which a restore needs.
        const { detail } = known.sighting;
        if (isBad && detail !== undefined) sighting.detail = detail;
      }
      if (known?.ofAccount.name === account && known.ofDomain.name === domain) {
        known.sighting = sighting;
        renew(known);
        return sighting;
      }
      forget(known);
      const { ofAccount, ofDomain } = add(key, sighting);
      if (ofAccount.entries.size > perAccount) forget(ofAccount.entries.oldest);
      if (ofDomain.entries.size > perDomain) forget(ofDomain.entries.oldest);
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
      byKey.clear();
      all.clear();
      accounts.clear();
      domains.clear();
    },
    get size() {
      return all.size;
    },
  };
}

function groupOf<Detail>(groups: Map<string, Group<Detail>>, name: string): Group<Detail> {
  let group = groups.get(name);
  if (!group) groups.set(name, (group = { name, entries: new Line() }));
  return group;
}

function leave<Detail>(groups: Map<string, Group<Detail>>, group: Group<Detail>, place: Place<Entry<Detail>>): void {
  group.entries.remove(place);
  if (group.entries.size === 0) groups.delete(group.name);
}
