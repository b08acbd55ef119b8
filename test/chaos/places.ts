/** A time for which a push may have had one of the places of its registration in the outbox. */
export interface Stay {
  readonly fromMs: number;
  readonly untilMs: number;
  /** It was stored by then: one that was stored later is newer. */
  readonly storedByMs: number;
}

/** Pushes of one registration that the outbox keeps, the newest. */
export const perRegistration = 20;

/**
 * Which pushes of a registration may have given way to newer ones. One gives way at a moment at which twenty newer ones have
 * places beside its own.
 * @param stays of all pushes of the registration, those included that may have given way
 * @returns the time of publishing, milliseconds, up to which pushes may have given way; -Infinity when none may
 */
export function gaveWayUntil(stays: readonly Stay[]): number {
  /** Oldest first. */
  const present: Stay[] = [];
  let untilMs = -Infinity;
  for (const stay of stays.toSorted((a, b) => a.fromMs - b.fromMs)) {
    present.splice(present.findLastIndex(({ storedByMs }) => storedByMs <= stay.storedByMs) + 1, 0, stay);
    // Whoever has left by now is met once, and no push beyond the places is looked at: linear time.
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
