import type { Clock } from '../../time/clock.ts';
import type { Script, Spell } from './contract.ts';

/** Spells one after another, counted from the moment that this is made. */
export interface Schedule {
  /** What befalls the next push, if anything; each call is one push. */
  next(): Script | undefined;
}

/**
 * Its multiples, modulo 1, are spread more evenly than any random numbers: every share is met within a push or two, in
 * no order that a sender could fall in step with, and the same in every run.
 */
const goldenRatio = 0.618_033_988_749_895;

/** @throws Error when the shares of a spell are more than the whole */
export function createSchedule(spells: readonly Spell[], clock: Clock): Schedule {
  for (const { mix = [] } of spells) {
    const sum = mix.reduce((total, { share }) => total + share, 0);
    if (sum > 1 + 1e-9) throw new Error(`the shares of a spell are ${sum}, more than 1`);
  }
  const startedAtMs = clock.monotonic();
  let pushes = 0;

  function present(): Spell | undefined {
    let endsAtMs = startedAtMs;
    return spells.find(({ minutes }) => {
      endsAtMs += minutes * 60_000;
      return clock.monotonic() < endsAtMs;
    });
  }

  return {
    next() {
      pushes += 1;
      let left = (pushes * goldenRatio) % 1;
      return present()?.mix?.find(({ share }) => {
        left -= share;
        return left < 0;
      })?.script;
    },
  };
}
