import type { Mutant } from '../mutant.ts';

const inClock = { file: 'time/clock.ts', tests: ['time/clock.test.ts'] };

const inBackoff = { file: 'time/backoff.ts', tests: ['time/backoff.test.ts'] };

const inClockWatch = { file: 'providers/clock-watch.ts', tests: ['providers/clock-watch.test.ts'] };

const inUnderway = { file: 'core/underway.ts', tests: ['core/underway.test.ts'] };

const inRecentMap = { file: 'core/recent-map.ts', tests: ['core/recent-map.test.ts'] };

/** Clocks that are set back, and pauses between attempts. */
export const time: readonly Mutant[] = [
  {
    ...inUnderway,
    find: 'if (this.#count > 0) return;',
    replace: '',
    breaks: 'A server that ends leaves what is under way but for the first of it.',
  },
  {
    ...inUnderway,
    find: '    this.#idle = undefined;\n',
    replace: '',
    breaks: 'Whoever waits a second time is not made to wait.',
  },
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
  {
    ...inClockWatch,
    find: 'Math.abs(aheadMs) <= tolerated',
    replace: 'aheadMs <= tolerated',
    breaks: 'A clock that is behind passes.',
  },
  {
    ...inClockWatch,
    find: 'clock.now() - clock.monotonic() - originMs',
    replace: '-originMs',
    breaks: 'A clock that was set right is called wrong.',
  },
  {
    ...inClockWatch,
    find: ' || nowMs - readAtMs < readEveryMs',
    replace: '',
    breaks: 'Each answer has its date read.',
  },
  {
    ...inClockWatch,
    find: 'concern && mayLog()',
    replace: 'concern',
    breaks: 'A wrong clock fills the log.',
  },
  {
    ...inRecentMap,
    find: 'if (this.#young.size >= this.#limit && !this.#young.has(key)) this.#age(key);',
    replace: '',
    breaks: 'Made-up names fill the memory.',
  },
  {
    ...inRecentMap,
    find: 'if (older !== undefined) this.set(key, older);',
    replace: '',
    breaks: 'What is used all the time is forgotten.',
  },
  {
    ...inRecentMap,
    find: 'if (this.#old.size > 0) this.#old.delete(key);',
    replace: '',
    breaks: 'A key that came back is told as forgotten.',
  },
  {
    ...inRecentMap,
    find: 'forgotten.delete(coming);',
    replace: '',
    breaks: 'A note that was kept counts as lost.',
  },
];
