import type { Registration } from '../core/registration.ts';
import type { Clock } from '../time/clock.ts';
import { isFlood, isHealthy } from './evidence.ts';
import { createSample, type Sample, type Tally } from './sample.ts';

/** What is seen within this time is judged as one event, milliseconds. */
export const windowMs = 10 * 60_000;

/** Where less comes in than `enough` in ten minutes, older sightings count too; after as long, fewer are enough. */
export const patienceMs = 86_400_000;

/** The latest devices that one watch remembers; some 500 bytes each. */
export const sampleLimit = 250;

/** The devices of one account that count: too few for one account to make or to prevent a hold. */
export const perAccount = 3;

/** The devices of one domain that count among those of all domains: at most a quarter of the sample. */
export const perDomain = Math.floor(sampleLimit / 4);

/** The latest devices of one domain, or of all of them, and what is held because of them. */
export interface Watch {
  readonly sample: Sample<Registration>;
  /** What the rules in `evidence.ts` judge. */
  counts(withinMs: number): readonly Tally[];
  hold?: OpenHold;
  /** It held before: after a release nothing is believed until there is evidence. */
  isDistrusted: boolean;
  /** Monotonic time at which an operator accepted the removals. */
  acceptsSinceMs?: number;
  startedAtMs: number;
}

export interface OpenHold {
  readonly sinceMs: number;
  readonly sinceMonotonicMs: number;
  readonly seen: number;
  readonly bad: number;
  held: number;
}

/** @param startedAtMs monotonic time since when there was something to see */
export function watchDomain(clock: Clock, startedAtMs: number): Watch {
  const sample = createSample<Registration>({ clock, limit: sampleLimit, perAccount, perDomain: sampleLimit });
  return { sample, counts: (withinMs) => [sample.count(withinMs)], isDistrusted: false, startedAtMs };
}

/** A watch of all domains: what it says must hold without any one of them. */
export function watchAll(clock: Clock, startedAtMs: number): Watch {
  const sample = createSample<Registration>({ clock, limit: sampleLimit, perAccount, perDomain });
  return { sample, counts: sample.countWithoutEach, isDistrusted: false, startedAtMs };
}

/** Whether its devices fare well, of as many as are enough to tell. */
export function faresWell({ counts, startedAtMs }: Watch, clock: Clock): boolean {
  return isHealthy(counts(patienceMs), clock.monotonic() - startedAtMs >= patienceMs);
}

/** Whether removals are accepted on an operator's word, which ends when a window has passed without a flood. */
export function acceptsRemovals(watch: Watch, clock: Clock): boolean {
  const { acceptsSinceMs } = watch;
  if (acceptsSinceMs === undefined) return false;
  return clock.monotonic() - acceptsSinceMs < windowMs || isFlood(watch.counts(windowMs));
}

/**
 * Begins a hold.
 * @returns what was removed within this time
 */
export function hold(watch: Watch, withinMs: number, clock: Clock): readonly Registration[] {
  const { seen, bad } = watch.sample.count(withinMs);
  watch.hold = { sinceMs: clock.now(), sinceMonotonicMs: clock.monotonic(), seen, bad, held: 0 };
  watch.isDistrusted = true;
  return removedWithin(watch, withinMs);
}

/** What was removed within this time, as far as it is remembered. */
export function removedWithin({ sample }: Watch, withinMs: number): readonly Registration[] {
  return sample.bad(withinMs).flatMap(({ detail }) => detail ?? []);
}

/** Starts anew, as careful as after a start, or accepting removals. */
export function reset(watch: Watch, accept: boolean, clock: Clock): void {
  delete watch.hold;
  watch.sample.clear();
  watch.startedAtMs = clock.monotonic();
  if (accept) watch.acceptsSinceMs = clock.monotonic();
  else delete watch.acceptsSinceMs;
}
