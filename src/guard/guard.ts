/**
 * Clients register once and never again, so a wrong removal is final. When a provider calls too many device tokens dead (a
 * wrong topic or environment, an incident), the fault is likely ours: then nothing is removed until an operator decides.
 * Nobody else may be able to bring that about, or to prevent it:
 *
 * - A device counts once, by its token, however often it is registered and pushed to.
 * - Devices that took a push before (`Registration.wasAccepted`, kept in the store) and devices that never did are judged
 *   apart. Anybody can make up tokens that are dead: those hold back the removal of other never-reached devices at most.
 *   A fault that hits reached devices is ours, so that such a hold keeps the never-reached ones too.
 * - Each domain of accounts is judged by its own latest 250 devices, 3 of each account at most. Such a hold is of that
 *   domain alone.
 * - All domains together are judged by the latest 250 devices, 62 of each domain at most. What they say counts only if it
 *   is also true without any one of the domains: no domain alone begins a hold of others, or shows that all is well.
 *
 * It is a flood when, of at least 50 devices in ten minutes, more than a fifth is dead, and two standard deviations more.
 * Of a fault that kills everything, a running system removes 62 devices of one domain before the hold, and of all domains
 * together 62 + 49; they are put back. One that has seen no accepted push removes 3 of a domain, 6 in all.
 *
 * Only `wasAccepted` outlives a restart. Without it, a restart begins with few removals that are believed, as stated.
 */
import { hash } from 'node:crypto';
import { deviceKey } from '../core/device-key.ts';
import { domainOf, foldCase } from '../core/jid.ts';
import type { Registration } from '../core/registration.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { Guard, GuardState, Hold, HoldCause, SeenPush } from './contract.ts';
import { enough, isBeyondUnproven, isFlood } from './evidence.ts';
import { describeHold, hintFor } from './report.ts';
import type { SeenDevice } from './sample.ts';
import * as watching from './watch.ts';
import { patienceMs, type Watch, windowMs } from './watch.ts';

/** Domains of an app that are judged by themselves; the one that was silent longest is forgotten first, unless it holds. */
export const watchedDomains = 100;

const complainEveryMs = 60_000;

const causes: readonly HoldCause[] = ['dead-tokens', 'dead-new-tokens'];

export interface GuardOptions {
  /** Names of the apps, for metrics. */
  readonly apps: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Devices of an app that are judged together: by one kind of their tokens, and whether they took a push before. */
interface Population {
  readonly cause: HoldCause;
  readonly app: string;
  readonly target: 'first' | 'second';
  readonly all: Watch;
  /** By domain, the one that was seen latest last. */
  readonly domains: Map<string, Watch>;
  /** The last of `domains`. */
  latestDomain?: string;
  complainedAtMs: number;
}

/** A watch, and what it watches; without a domain, all of them. */
interface Holder {
  readonly population: Population;
  readonly watch: Watch;
  readonly domain?: string;
}

/** Sets the series of an app to zero, so that rates and alerts work from the start. */
export function announceGuarded(metrics: Metrics, app: string): void {
  for (const cause of causes) {
    metrics.guardHolding.set({ cause, app }, 0);
    metrics.guardHeld.inc({ cause, app }, 0);
  }
}

export function createGuard({ apps, clock, log, metrics }: GuardOptions): Guard {
  const startedAtMs = clock.monotonic();
  /** By app, then by cause and target. */
  const populations = new Map<string, Map<string, Population>>();
  const allPopulations = () => [...populations.values()].flatMap((ofApp) => [...ofApp.values()]);
  for (const app of apps) announceGuarded(metrics, app);

  /** Apps come from the config, so there are few. */
  function populationOf(cause: HoldCause, app: string, target: 'first' | 'second'): Population {
    const ofApp = populations.get(app) ?? new Map<string, Population>();
    const kind = `${cause} ${target}` as const;
    const known = ofApp.get(kind);
    if (known) return known;
    const all = watching.watchAll(clock, startedAtMs);
    const population = { cause, app, target, all, domains: new Map<string, Watch>(), complainedAtMs: -Infinity };
    populations.set(app, ofApp.set(kind, population));
    return population;
  }

  /** Undefined: as many domains hold as are watched. */
  function domainWatch(population: Population, domain: string): Watch | undefined {
    const { domains } = population;
    let watch = domains.get(domain);
    if (!watch) {
      if (domains.size >= watchedDomains) {
        const [silent] = [...domains].find(([, { hold }]) => !hold) ?? [];
        if (silent === undefined) return undefined;
        domains.delete(silent);
      }
      watch = watching.watchDomain(clock, startedAtMs);
    }
    // Most domains are seen many times in a row.
    if (population.latestDomain !== domain) {
      domains.delete(domain);
      domains.set(domain, watch);
      population.latestDomain = domain;
    }
    return watch;
  }

  function note(population: Population, device: SeenDevice, isBad: boolean) {
    const own = domainWatch(population, device.domain);
    return { inAll: population.all.sample.note(device, isBad), inDomain: own?.sample.note(device, isBad) };
  }

  /** The hold that keeps such devices. */
  function holderOf(registration: Registration, target: 'first' | 'second'): Holder | undefined {
    const domain = shorten(domainOf(registration.account));
    for (const cause of registration.wasAccepted ? causes.slice(0, 1) : causes) {
      const population = populationOf(cause, registration.app, target);
      if (population.all.hold) return { population, watch: population.all };
      const own = population.domains.get(domain);
      if (own?.hold) return { population, watch: own, domain };
    }
    return undefined;
  }

  function beginAll({ all, domains }: Population, withinMs: number): readonly Registration[] {
    const removed = [...domains.values()].flatMap((watch) => watching.removedWithin(watch, withinMs));
    return [...new Set([...watching.hold(all, withinMs, clock), ...removed])];
  }

  /** Whether an operator accepted the removals of all domains. */
  function acceptsAll({ all, domains }: Population): boolean {
    if (watching.acceptsRemovals(all, clock)) return true;
    if (all.acceptsSinceMs === undefined) return false;
    delete all.acceptsSinceMs;
    // What was accepted is no reason to hold again.
    all.sample.clear();
    for (const watch of domains.values()) if (watch.acceptsSinceMs === undefined) watch.sample.clear();
    return false;
  }

  function acceptsDomain(own: Watch): boolean {
    if (watching.acceptsRemovals(own, clock)) return true;
    if (own.acceptsSinceMs === undefined) return false;
    delete own.acceptsSinceMs;
    own.sample.clear();
    return false;
  }

  /** Undefined: believed. Otherwise what has to be undone. */
  function judge(population: Population, own: Watch, came: SeenPush['came']): readonly Registration[] | undefined {
    const { all } = population;
    if (acceptsAll(population)) return undefined;
    if (isFlood(all.counts(windowMs))) return beginAll(population, windowMs);
    if (acceptsDomain(own)) return undefined;
    if (isFlood(own.counts(windowMs))) return watching.hold(own, windowMs, clock);
    const isSmall = own.sample.count(patienceMs).seen < enough;
    if (watching.faresWell(own, clock) || (isSmall && watching.faresWell(all, clock))) return undefined;
    if (came === 'doubtful' || own.isDistrusted || all.isDistrusted) return [];
    // Of a day, for over ten minutes each such limit is a new one.
    if (isFlood(all.counts(patienceMs))) return beginAll(population, patienceMs);
    if (isFlood(own.counts(patienceMs))) return watching.hold(own, patienceMs, clock);
    const isTooMany = [own, all].some(({ counts }) => isBeyondUnproven(counts(patienceMs)));
    return isTooMany ? [] : undefined;
  }

  function showHolds({ cause, app }: Population): void {
    const isHeld = holds().some((hold) => hold.cause === cause && hold.app === app);
    metrics.guardHolding.set({ cause, app }, isHeld ? 1 : 0);
  }

  function countHeld(cause: HoldCause, app: string, holder: Holder | undefined): void {
    metrics.guardHeld.inc({ cause, app });
    if (!holder) return;
    const { population, watch } = holder;
    if (watch.hold) watch.hold.held += 1;
    if (clock.monotonic() - population.complainedAtMs < complainEveryMs) return;
    population.complainedAtMs = clock.monotonic();
    for (const hold of describe(holder)) {
      const fields = { app, reason: hold.cause, count: hold.bad, hint: hintFor(hold) };
      log.error(fields, `mass-loss guard: ${describeHold(hold)}`);
    }
  }

  /** Whether a push to a device that the hold is not about was accepted since the hold began. */
  function othersFareWell({ app, target }: Population, domain: string | undefined, sinceMs: number): boolean {
    if (domain === undefined) return false;
    const withinMs = clock.monotonic() - sinceMs;
    return causes.some((cause) =>
      populationOf(cause, app, target)
        .all.sample.latest(withinMs)
        .some((sighting) => !sighting.isBad && sighting.domain !== domain),
    );
  }

  function describe({ population, watch, domain }: Holder): readonly Hold[] {
    if (!watch.hold) return [];
    const { cause, app, target } = population;
    const { sinceMonotonicMs, ...hold } = watch.hold;
    const isApart = othersFareWell(population, domain, sinceMonotonicMs);
    return [{ cause, app, target, ...(domain !== undefined && { domain }), ...hold, othersFareWell: isApart }];
  }

  /** Those of all domains first. */
  function holds(): readonly Hold[] {
    const known = allPopulations();
    const ofAll = known.map((population): Holder => ({ population, watch: population.all }));
    const ofEach = known.flatMap((population) =>
      Array.from(population.domains, ([domain, watch]): Holder => ({ population, watch, domain })),
    );
    return [...ofAll, ...ofEach].flatMap(describe);
  }

  return {
    seePush({ registration, target, came }) {
      const { app } = registration;
      const device = deviceOf(registration, target);
      const reached = populationOf('dead-tokens', app, target);
      const population = registration.wasAccepted ? reached : populationOf('dead-new-tokens', app, target);
      if (came === 'accepted') {
        note(reached, device, false);
        if (population !== reached) note(population, device, false);
        return { kind: 'believed' };
      }
      const { inAll, inDomain } = note(population, device, true);
      const own = population.domains.get(device.domain);
      const isHeld = holderOf(registration, target) !== undefined || !own;
      const toRestore = isHeld ? [] : judge(population, own, came);
      if (toRestore === undefined) {
        inAll.detail = registration;
        if (inDomain) inDomain.detail = registration;
        return { kind: 'believed' };
      }
      const holder = holderOf(registration, target);
      countHeld(holder?.population.cause ?? population.cause, app, holder);
      if (!isHeld) showHolds(population);
      return { kind: 'held', toRestore };
    },

    isHolding: (registration, target) => holderOf(registration, target) !== undefined,

    get state(): GuardState {
      const current = holds();
      return current.length === 0 ? { kind: 'watching' } : { kind: 'holding', holds: current };
    },

    release({ acceptRemovals }) {
      const { length: count } = holds();
      const isDue = ({ hold, acceptsSinceMs }: Watch) =>
        hold !== undefined || (!acceptRemovals && acceptsSinceMs !== undefined);
      for (const population of allPopulations()) {
        const { all, domains } = population;
        const due = isDue(all) ? [all, ...domains.values()] : [...domains.values()].filter(isDue);
        for (const watch of due) watching.reset(watch, acceptRemovals, clock);
        showHolds(population);
      }
      const outcome = acceptRemovals ? 'accepting removals' : 'watching';
      log.warn({ count, outcome }, 'mass-loss guard: released');
      return count;
    },
  };
}

/** The device behind a registration: by its token, of which many registrations may be made. */
function deviceOf(registration: Registration, target: 'first' | 'second'): SeenDevice {
  const { app, account, secondToken } = registration;
  const isSecond = target === 'second' && secondToken !== undefined;
  const key = deviceKey(isSecond ? { app, token: secondToken } : registration);
  // Where the account is not known, nothing says which devices are of one.
  const owner = account.includes('@') ? shorten(foldCase(account)) : key;
  return { key, account: owner, domain: shorten(domainOf(account)) };
}

/** Longer than names that are in use. */
const longName = 128;
const shortLength = 16;

/** Of bounded length, however long a name was made up. */
function shorten(name: string): string {
  if (name.length <= longName) return name;
  return hash('sha256', name, 'base64url').slice(0, shortLength);
}
