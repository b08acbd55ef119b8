import type { Mutant } from '../mutant.ts';

const inCoalesce = { file: 'delivery/coalesce.ts', tests: ['delivery/coalesce.test.ts'] };

/** Which wake-ups stand for others. */
export const coalesce: readonly Mutant[] = [
  {
    ...inCoalesce,
    find: 'entry.openUntilMs <= nowMs',
    replace: 'entry.openUntilMs < nowMs',
    breaks: 'The first wake-up after an interval is stored with no delay in place of being sent.',
  },
  {
    ...inCoalesce,
    find: 'size() < limit && intervalMs > 0',
    replace: 'intervalMs > 0',
    breaks: 'Made-up registrations fill the memory.',
  },
  {
    ...inCoalesce,
    find: 'entry.later && nowMs < entry.later.dueMs ?',
    replace: 'entry.later ?',
    breaks: 'After the push that stood for others has left, later events rely on it.',
  },
  {
    ...inCoalesce,
    find: 'openUntilMs: dueMs + intervalMs, later })',
    replace: 'openUntilMs: dueMs, later })',
    breaks: 'A push that was sent late is followed by another at once.',
  },
  {
    ...inCoalesce,
    find: 'if (isStored) {',
    replace: 'if (false) {',
    breaks: 'Each wake-up of an interval stores a push of its own.',
  },
  {
    ...inCoalesce,
    find: 'if (held && !replaces) return held.stored;',
    replace: 'if (held) return held.stored;',
    breaks: 'A device gets the second event of an interval and never the newest.',
  },
  {
    ...inCoalesce,
    find: 'if (held && !replaces) return held.stored;',
    replace: '',
    breaks: 'Each empty wake-up is written to the disk.',
  },
  {
    ...inCoalesce,
    find: 'if (await held?.stored) held?.withdraw();',
    replace: '',
    breaks: 'All sealed background pushes of an interval are sent when it ends.',
  },
  {
    ...inCoalesce,
    find: 'if (held) remember(key, intervalMs, { openUntilMs: dueMs + intervalMs, later: held });',
    replace: 'if (false) remember(key, intervalMs, { openUntilMs: dueMs + intervalMs, later });',
    breaks: 'A push that was not stored leaves the one before it to be sent beside the next.',
  },
  {
    ...inCoalesce,
    find: `        forgetEnded(nowMs);
`,
    replace: '',
    breaks: 'Intervals that ended stay in memory until there is no room.',
  },
  {
    ...inCoalesce,
    find: 'hold(dueMs - nowMs)',
    replace: 'hold(intervalMs)',
    breaks: 'The push that stands for others leaves later than the interval ends.',
  },
  {
    ...inCoalesce,
    find: 'if (byKey.size === 0) entries.delete(intervalMs);',
    replace: '',
    breaks: 'An empty group for each interval that an operator ever set stays in memory.',
    survives:
      'one small map for each length of interval in the config, of which there are as many as apps: nobody can see it',
  },
];
