/**
 * Clients register once and never again, so telling a server that a device is gone is final. When the world suddenly looks
 * dead (an empty or an old database, a wrong topic or environment), the fault is ours: then nothing is removed and no
 * server is told, until an operator decides.
 *
 * It remembers nothing over a restart and needs not: after a start nobody is told of unknown nodes before enough of
 * healthy ones were seen, so that the same flood costs nothing again.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../time/clock.ts';
import type { Registration } from '../core/registration.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type Guard, type GuardState, type Hold, type HoldCause, type SeenPush, tolerated } from './contract.ts';
import { describeHold, hintFor } from './report.ts';
import { createSample, type Sample, type Tally } from './sample.ts';

/** What is seen within this time is judged as one event, milliseconds. */
const windowMs = 10 * 60_000;

/** Distinct nodes, or devices, below which a share says nothing. */
export const enough = 50;

/**
 * The latest nodes that are looked at, and the latest devices of an app; some 200 bytes each. It is also what bounds the
 * damage before a fault in a running system shows: of the latest 250, less than a fifth of the nodes, a quarter of the devices.
 */
export const sampleLimit = 250;

/** Where less comes in than `enough` in ten minutes, older sightings count too; after as long, fewer are enough. */
const patienceMs = 86_400_000;

/** An app that has delivered nothing yet loses so many devices at most on its provider's word alone. */
export const believedUnproven = 3;

const complainEveryMs = 60_000;
const namedDomains = 5;

export interface GuardOptions {
  /** Names of the apps, for metrics. */
  readonly apps: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** One thing that is watched: the nodes, or the pushes of an app to one kind of its tokens. */
interface Watch<Detail> {
  readonly subject: { readonly cause: HoldCause; readonly app?: string; readonly target?: 'first' | 'second' };
  readonly sample: Sample<Detail>;
  startedAtMs: number;
  /** Monotonic time of an operator's word that all this is true. */
  believedSinceMs?: number;
  /** It happened before: no more benefit of the doubt until there is evidence. */
  isDistrusted: boolean;
  hold?: Omit<Hold, 'held'> & { held: number };
  complainedAtMs: number;
}

export function createGuard({ apps, clock, log, metrics }: GuardOptions): Guard {
  const nodes = createWatch<string>({ cause: 'unknown-nodes' });
  /** Missing nodes of which it is being looked up whether they ever were ours; as many as publishes are in flight. */
  const missing = new Set<string>();
  const pushes = new Map<string, Watch<Registration>>();
  metrics.guardHolding.set({ cause: 'unknown-nodes', app: '-' }, 0);
  metrics.guardHeld.inc({ cause: 'unknown-nodes', app: '-' }, 0);
  for (const app of apps) {
    metrics.guardHolding.set({ cause: 'dead-tokens', app }, 0);
    metrics.guardHeld.inc({ cause: 'dead-tokens', app }, 0);
  }

  function createWatch<Detail>(subject: Watch<Detail>['subject']): Watch<Detail> {
    const sample = createSample<Detail>({ clock, limit: sampleLimit });
    return { subject, sample, startedAtMs: clock.monotonic(), isDistrusted: false, complainedAtMs: -Infinity };
  }

  /** One for each app and kind of token: apps come from the config, so there are few. */
  function pushesOf(app: string, target: 'first' | 'second'): Watch<Registration> {
    const key = `${app} ${target}`;
    const known = pushes.get(key);
    if (known) return known;
    const watch = createWatch<Registration>({ cause: 'dead-tokens', app, target });
    pushes.set(key, watch);
    return watch;
  }

  /** What an operator believes is believed until a window has passed in which it would not have been held. */
  function isBelievedByOperator<Detail>(watch: Watch<Detail>, recent: () => Tally): boolean {
    if (watch.believedSinceMs === undefined) return false;
    if (clock.monotonic() - watch.believedSinceMs < windowMs || isFlood(watch, recent())) return true;
    delete watch.believedSinceMs;
    // What was believed is no reason to hold again.
    watch.sample.clear();
    return false;
  }

  function hasEvidence<Detail>(watch: Watch<Detail>): boolean {
    const { seen, bad } = watch.sample.count(patienceMs);
    const isLong = clock.monotonic() - watch.startedAtMs >= patienceMs;
    return (isLong || seen >= enough) && bad <= seen * tolerated;
  }

  /** Whether the store has shown that it is the right one, so that a node which is not in it never was. */
  function isStoreProven(): boolean {
    const { seen, bad } = nodes.sample.count(patienceMs);
    const watchedMs = clock.monotonic() - nodes.startedAtMs;
    // The first to be named may all be of one room, and as old as it.
    const isBroad = seen >= sampleLimit || (seen >= enough && watchedMs >= windowMs) || watchedMs >= patienceMs;
    // In a burst, healthy nodes are all found before the first of the missing is found to be unknown.
    return isBroad && bad + missing.size <= withinChance(seen + missing.size);
  }

  function begin<Detail>(watch: Watch<Detail>, { seen, bad }: Tally, domains: Hold['domains']): void {
    watch.hold = { ...watch.subject, sinceMs: clock.now(), seen, bad, held: 0, domains };
    watch.isDistrusted = true;
    showHolds(watch.subject);
  }

  /** What was believed within this time is to be undone. */
  function beginDead(watch: Watch<Registration>, withinMs: number): readonly Registration[] {
    begin(watch, watch.sample.count(withinMs), []);
    return watch.sample.bad(withinMs).flatMap(({ detail }) => detail ?? []);
  }

  function showHolds({ cause, app = '-' }: Watch<unknown>['subject']): void {
    const isHeld = holds().some((hold) => hold.cause === cause && (hold.app ?? '-') === app);
    metrics.guardHolding.set({ cause, app }, isHeld ? 1 : 0);
  }

  function countHeld<Detail>(watch: Watch<Detail>): void {
    const { cause, app } = watch.subject;
    metrics.guardHeld.inc({ cause, app: app ?? '-' });
    if (!watch.hold) return;
    watch.hold.held += 1;
    if (clock.monotonic() - watch.complainedAtMs < complainEveryMs) return;
    watch.complainedAtMs = clock.monotonic();
    const { bad } = watch.hold;
    const fields = { ...(app !== undefined && { app }), reason: cause, count: bad, hint: hintFor(watch.hold) };
    log.error(fields, `mass-loss guard: ${describeHold(watch.hold)}`);
  }

  function holds(): Hold[] {
    return [nodes, ...pushes.values()].flatMap(({ hold }) => (hold ? [{ ...hold }] : []));
  }

  function readState(): GuardState {
    const current = holds();
    if (current.length > 0) return { kind: 'holding', holds: current };
    const believesUnknown = nodes.believedSinceMs !== undefined || isStoreProven();
    return { kind: 'watching', nodes: nodes.sample.count(patienceMs), believesUnknown };
  }

  function decideUnknown(): boolean {
    if (nodes.hold) return false;
    const recent = () => nodes.sample.count(windowMs);
    if (isBelievedByOperator(nodes, recent)) return true;
    if (isFlood(nodes, recent())) {
      begin(nodes, recent(), greatest(nodes.sample.bad(windowMs).map(({ detail }) => detail ?? '-')));
      return false;
    }
    return isStoreProven();
  }

  /** Undefined: believed. Otherwise what has to be undone. */
  function decideDead(watch: Watch<Registration>, came: SeenPush['came']): readonly Registration[] | undefined {
    // An old database has old tokens too, and with them their new ones would be lost.
    if (watch.hold || nodes.hold) return [];
    const recent = watch.sample.count(windowMs);
    if (isBelievedByOperator(watch, () => recent)) return undefined;
    if (isFlood(watch, recent)) return beginDead(watch, windowMs);
    if (hasEvidence(watch)) return undefined;
    if (came === 'doubtful' || watch.isDistrusted) return [];
    // Of a day, for over ten minutes each such limit is a new one.
    const { seen, bad } = watch.sample.count(patienceMs);
    if (isFlood(watch, { seen, bad })) return beginDead(watch, patienceMs);
    return bad <= (bad === seen ? believedUnproven : beyondChance(Math.max(enough, seen))) ? undefined : [];
  }

  return {
    seeKnown: (node) => void nodes.sample.note(shorten(node), false),

    seeMissing: (node) => void missing.add(shorten(node)),

    seeRemoved: (node) => void missing.delete(shorten(node)),

    seeUnknown(node, domain) {
      missing.delete(shorten(node));
      nodes.sample.note(shorten(node), true).detail = domain;
      const isBelieved = decideUnknown();
      if (!isBelieved) countHeld(nodes);
      return isBelieved;
    },

    seePush({ registration, target, came }) {
      const watch = pushesOf(registration.app, target);
      if (came === 'accepted') {
        // Once for each device, as the dead ones: else a few that are chatty outvote them.
        watch.sample.note(shorten(registration.node), false);
        return { kind: 'believed' };
      }
      const sighting = watch.sample.note(shorten(registration.node), true);
      const toRestore = decideDead(watch, came);
      if (toRestore === undefined) {
        sighting.detail = registration;
        return { kind: 'believed' };
      }
      countHeld(watch);
      return { kind: 'held', toRestore };
    },

    isHolding: (app, target) => nodes.hold !== undefined || pushesOf(app, target).hold !== undefined,

    get state() {
      return readState();
    },

    release({ believe }) {
      const ended = holds();
      for (const watch of [nodes, ...pushes.values()]) {
        const isOpen = watch.hold !== undefined;
        // To be believed without any hold: what was kept back because too little was seen.
        const isKeptBack = believe && watch === nodes && ended.length === 0;
        const isCalledOff = !believe && watch.believedSinceMs !== undefined;
        if (!isOpen && !isKeptBack && !isCalledOff) continue;
        delete watch.hold;
        watch.sample.clear();
        watch.startedAtMs = clock.monotonic();
        if (believe) watch.believedSinceMs = clock.monotonic();
        else delete watch.believedSinceMs;
        showHolds(watch.subject);
      }
      log.warn({ count: ended.length, outcome: believe ? 'believed' : 'watching' }, 'mass-loss guard: released');
      return ended.length;
    },
  };
}

/** Nodes by share alone, for they cost nothing meanwhile; pushes only where the share cannot be chance. */
function isFlood({ subject }: Pick<Watch<unknown>, 'subject'>, { seen, bad }: Tally): boolean {
  return seen >= enough && bad > (subject.cause === 'dead-tokens' ? beyondChance(seen) : seen * tolerated);
}

/** How many of so many may be bad by chance where a fifth is usual: two standard deviations more. */
function beyondChance(seen: number): number {
  return seen * tolerated + 2 * Math.sqrt(seen * tolerated * (1 - tolerated));
}

/**
 * How many of so many nodes may be unknown where less than a fifth are: two standard deviations fewer. With an old copy of
 * the store a third is unknown, and now and then only a fifth of the first fifty; those would be lost.
 */
function withinChance(seen: number): number {
  return seen * tolerated - 2 * Math.sqrt(seen * tolerated * (1 - tolerated));
}

/** Longer than any node of ours or raw token that is in use. */
const longNode = 64;

/** Of bounded length, however long a node was made up. */
function shorten(node: string): string {
  if (node.length <= longNode) return node;
  return createHash('sha256').update(node).digest('base64url').slice(0, 12);
}

function greatest(domains: readonly string[]): (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const domain of domains) counts.set(domain, (counts.get(domain) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a).slice(0, namedDomains);
}
