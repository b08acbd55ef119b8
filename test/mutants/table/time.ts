import type { Mutant } from '../mutant.ts';

const inClock = { file: 'time/clock.ts', tests: ['time/clock.test.ts'] };

const inBackoff = { file: 'time/backoff.ts', tests: ['time/backoff.test.ts'] };

/** Clocks that are set back, and pauses between attempts. */
export const time: readonly Mutant[] = [
  {
    ...inClock,
    find: 'Math.max(aheadMs, clock.now() - monotonicMs)',
    replace: 'clock.now() - monotonicMs',
    breaks: 'A clock that is set back holds up all that waits for a time.',
  },
  {
    ...inBackoff,
    find: 'Math.min(capMs, baseMs * 2 ** Math.max(0, attempt - 1))',
    replace: 'baseMs * 2 ** Math.max(0, attempt - 1)',
    breaks: 'After a long outage the next attempt is days away.',
  },
  {
    ...inBackoff,
    find: 'random() * boundMs',
    replace: 'boundMs',
    breaks: 'All who failed together come back together.',
  },
  {
    ...inBackoff,
    find: 'Math.max(0, afterMs) + random()',
    replace: 'random()',
    breaks: 'Who was asked to wait does not.',
  },
];
