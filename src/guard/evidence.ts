/**
 * What counts of dead and of living devices mean. Every rule takes one or more counts and must hold of each of them: the
 * devices of all domains are counted once for each domain, without that domain, so that no domain alone decides. Where nothing
 * was counted, nothing is known.
 */
import { tolerated } from './contract.ts';
import type { Tally } from './sample.ts';

/** Distinct devices below which a share says nothing. */
export const enough = 50;

/** Where nothing was accepted yet, so many devices at most are removed on the provider's word alone. */
export const believedUnproven = 3;

/** More dead devices than a usual share brings about by chance. */
export function isFlood(counts: readonly Tally[]): boolean {
  return counts.length > 0 && counts.every(({ seen, bad }) => seen >= enough && bad > beyondChance(seen));
}

/**
 * Enough devices were seen, and few of them are dead.
 * @param isLong enough time has passed that fewer devices suffice
 */
export function isHealthy(counts: readonly Tally[], isLong: boolean): boolean {
  return counts.length > 0 && counts.every(({ seen, bad }) => seen >= (isLong ? 1 : enough) && bad <= seen * tolerated);
}

/** More dead devices than may be removed before there is evidence that the others fare well. */
export function isBeyondUnproven(counts: readonly Tally[]): boolean {
  return counts.every(
    ({ seen, bad }) => bad > (bad === seen ? believedUnproven : beyondChance(Math.max(enough, seen))),
  );
}

/** How many of so many may be bad by chance where a fifth is usual: two standard deviations more. */
function beyondChance(seen: number): number {
  return seen * tolerated + 2 * Math.sqrt(seen * tolerated * (1 - tolerated));
}
