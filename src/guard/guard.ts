/**
 * Clients register once and never again, so a wrong removal is final. When a provider calls too many device tokens of an
 * app dead (a wrong topic or environment, an incident), the fault is ours: then nothing is removed until an operator
 * decides.
 *
 * It remembers nothing over a restart.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../time/clock.ts';
import type { Registration } from '../core/registration.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type Guard, type GuardState, type Hold, type SeenPush, tolerated } from './contract.ts';
import { describeHold, hintFor } from './report.ts';
import { createSample, type Sample, type Tally } from './sample.ts';

/** What is seen within this time is judged as one event, milliseconds. */
const windowMs = 10 * 60_000;

/** Distinct devices below which a share says nothing. */
export const enough = 50;

/**
 * The latest devices of an app that are looked at; some 200 bytes each. It also bounds the damage before a fault in a
 * running system shows: a quarter of them.
 */
export const sampleLimit = 250;

/** Where less comes in than `enough` in ten minutes, older sightings count too; after as long, fewer are enough. */
const patienceMs = 86_400_000;

/** An app that has delivered nothing yet loses so many devices at most on its provider's word alone. */
export const believedUnproven = 3;

const complainEveryMs = 60_000;

export interface GuardOptions {
  /** Names of the apps, for metrics. */
  readonly apps: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** The pushes of an app to one kind of its tokens. */
interface Watch {
  readonly subject: Pick<Hold, 'cause' | 'app' | 'target'>;
  readonly sample: Sample<Registration>;
  startedAtMs: number;
  /** Monotonic time of an operator's word that all this is true. */
  believedSinceMs?: number;
  /** It happened before: no more benefit of the doubt until there is evidence. */
  isDistrusted: boolean;
  hold?: Omit<Hold, 'held'> & { held: number };
  complainedAtMs: number;
}

export function createGuard({ apps, clock, log, metrics }: GuardOptions): Guard {
  const pushes = new Map<string, Watch>();
  for (const app of apps) {
    metrics.guardHolding.set({ cause: 'dead-tokens', app }, 0);
    metrics.guardHeld.inc({ cause: 'dead-tokens', app }, 0);
  }

  function createWatch(subject: Watch['subject']): Watch {
    const sample = createSample<Registration>({ clock, limit: sampleLimit });
    return { subject, sample, startedAtMs: clock.monotonic(), isDistrusted: false, complainedAtMs: -Infinity };
  }

  /** One for each app and kind of token: apps come from the config, so there are few. */
  function pushesOf(app: string, target: 'first' | 'second'): Watch {
    const key = `${app} ${target}`;
    const known = pushes.get(key);
    if (known) return known;
    const watch = createWatch({ cause: 'dead-tokens', app, target });
    pushes.set(key, watch);
    return watch;
  }

  /** What an operator believes is believed until a window has passed in which it would not have been held. */
  function isBelievedByOperator(watch: Watch, recent: () => Tally): boolean {
    if (watch.believedSinceMs === undefined) return false;
    if (clock.monotonic() - watch.believedSinceMs < windowMs || isFlood(recent())) return true;
    delete watch.believedSinceMs;
    // What was believed is no reason to hold again.
    watch.sample.clear();
    return false;
  }

  function hasEvidence(watch: Watch): boolean {
    const { seen, bad } = watch.sample.count(patienceMs);
    const isLong = clock.monotonic() - watch.startedAtMs >= patienceMs;
    return (isLong || seen >= enough) && bad <= seen * tolerated;
  }

  /** What was believed within this time is to be undone. */
  function begin(watch: Watch, withinMs: number): readonly Registration[] {
    watch.hold = { ...watch.subject, sinceMs: clock.now(), ...watch.sample.count(withinMs), held: 0 };
    watch.isDistrusted = true;
    showHolds(watch.subject.app);
    return watch.sample.bad(withinMs).flatMap(({ detail }) => detail ?? []);
  }

  function showHolds(app: string): void {
    metrics.guardHolding.set({ cause: 'dead-tokens', app }, holds().some((hold) => hold.app === app) ? 1 : 0);
  }

  function countHeld(watch: Watch): void {
    const { cause, app } = watch.subject;
    metrics.guardHeld.inc({ cause, app });
    if (!watch.hold) return;
    watch.hold.held += 1;
    if (clock.monotonic() - watch.complainedAtMs < complainEveryMs) return;
    watch.complainedAtMs = clock.monotonic();
    const fields = { app, reason: cause, count: watch.hold.bad, hint: hintFor(watch.hold) };
    log.error(fields, `mass-loss guard: ${describeHold(watch.hold)}`);
  }

  function holds(): Hold[] {
    return [...pushes.values()].flatMap(({ hold }) => (hold ? [{ ...hold }] : []));
  }

  /** Undefined: believed. Otherwise what has to be undone. */
  function decideDead(watch: Watch, came: SeenPush['came']): readonly Registration[] | undefined {
    if (watch.hold) return [];
    const recent = watch.sample.count(windowMs);
    if (isBelievedByOperator(watch, () => recent)) return undefined;
    if (isFlood(recent)) return begin(watch, windowMs);
    if (hasEvidence(watch)) return undefined;
    if (came === 'doubtful' || watch.isDistrusted) return [];
    // Of a day, for over ten minutes each such limit is a new one.
    const { seen, bad } = watch.sample.count(patienceMs);
    if (isFlood({ seen, bad })) return begin(watch, patienceMs);
    return bad <= (bad === seen ? believedUnproven : beyondChance(Math.max(enough, seen))) ? undefined : [];
  }

  return {
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

    isHolding: (app, target) => pushesOf(app, target).hold !== undefined,

    get state(): GuardState {
      const current = holds();
      return current.length === 0 ? { kind: 'watching' } : { kind: 'holding', holds: current };
    },

    release({ acceptRemovals }) {
      const ended = holds();
      for (const watch of pushes.values()) {
        const isOpen = watch.hold !== undefined;
        const isCalledOff = !acceptRemovals && watch.believedSinceMs !== undefined;
        if (!isOpen && !isCalledOff) continue;
        delete watch.hold;
        watch.sample.clear();
        watch.startedAtMs = clock.monotonic();
        if (acceptRemovals) watch.believedSinceMs = clock.monotonic();
        else delete watch.believedSinceMs;
        showHolds(watch.subject.app);
      }
      const outcome = acceptRemovals ? 'accepting removals' : 'watching';
      log.warn({ count: ended.length, outcome }, 'mass-loss guard: released');
      return ended.length;
    },
  };
}

/** More bad ones than a usual share brings about by chance. */
function isFlood({ seen, bad }: Tally): boolean {
  return seen >= enough && bad > beyondChance(seen);
}

/** How many of so many may be bad by chance where a fifth is usual: two standard deviations more. */
function beyondChance(seen: number): number {
  return seen * tolerated + 2 * Math.sqrt(seen * tolerated * (1 - tolerated));
}

/** Longer than any node of ours or raw token that is in use. */
const longNode = 64;

/** Of bounded length, however long a node was made up. */
function shorten(node: string): string {
  if (node.length <= longNode) return node;
  return createHash('sha256').update(node).digest('base64url').slice(0, 12);
}
