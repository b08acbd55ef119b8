/** A time in which a push may have had one of its registration's places in the outbox. */
export interface Stay {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Time by which it was stored; a push stored later is newer. */
  readonly storedByMs: number;
}

/** Pushes of one registration that the outbox keeps. */
export const perRegistration = 20;

/**
 * Finds the pushes of a registration that newer ones may have displaced: at some moment twenty newer ones had places.
 * @param stays of all pushes of the registration, including those that may have been displaced
 * @returns publishing time in milliseconds up to which pushes may have been displaced; -Infinity if none was
 */
export function gaveWayUntil(stays: readonly Stay[]): number {
  /** Oldest first. */
  const present: Stay[] = [];
  let untilMs = -Infinity;
  for (const stay of stays.toSorted((a, b) => a.fromMs - b.fromMs)) {
    present.splice(present.findLastIndex(({ storedByMs }) => storedByMs <= stay.storedByMs) + 1, 0, stay);
    // Each push that has left is visited once, and none beyond the places, which gives linear time.
    const newest: Stay[] = [];
    while (present.length > 0 && newest.length <= perRegistration) {
      const next = present.pop();
      if (next && next.untilMs > stay.fromMs) newest.push(next);
    }
    untilMs = Math.max(untilMs, newest[perRegistration]?.storedByMs ?? -Infinity);
    present.push(...newest.toReversed());
  }
  return untilMs;
}
