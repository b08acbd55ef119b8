import type { Mutant } from '../mutant.ts';

const inGuard = { file: 'guard/guard.ts', tests: ['guard/guard.test.ts'] };

const inContract = { file: 'guard/contract.ts', tests: ['guard/guard.test.ts'] };

const inSample = { file: 'guard/sample.ts', tests: ['guard/sample.test.ts'] };

const inReport = { file: 'guard/report.ts', tests: ['guard/report.test.ts'] };

/** What is believed when much looks dead at once. */
export const guard: readonly Mutant[] = [
  {
    ...inGuard,
    find: 'windowMs = 10 * 60_000',
    replace: 'windowMs = 20 * 60_000',
    breaks: 'A flood over half an hour is one event.',
  },
  {
    ...inGuard,
    find: 'windowMs = 10 * 60_000',
    replace: 'windowMs = 5 * 60_000',
    breaks: 'A flood over ten minutes is missed.',
  },
  { ...inGuard, find: 'enough = 50', replace: 'enough = 49', breaks: 'A hold begins on less than it says.' },
  {
    ...inGuard,
    find: 'sampleLimit = 250',
    replace: 'sampleLimit = 500',
    breaks: 'A fault in a running system costs twice as many registrations.',
  },
  {
    ...inGuard,
    find: 'believedUnproven = 3',
    replace: 'believedUnproven = 4',
    breaks: 'An app that never delivered loses more devices than it says.',
  },
  {
    ...inGuard,
    find: 'complainEveryMs = 60_000',
    replace: 'complainEveryMs = 0',
    breaks: 'A flood writes hundreds of log lines a second.',
  },
  {
    ...inGuard,
    find: `came === 'doubtful' || watch.isDistrusted`,
    replace: 'watch.isDistrusted',
    breaks: 'A wrong topic costs the first registrations.',
  },
  {
    ...inGuard,
    find: `came === 'doubtful' || watch.isDistrusted`,
    replace: `came === 'doubtful'`,
    breaks: 'After a release, a fault that is still there costs registrations again.',
  },
  {
    ...inGuard,
    find: 'if (isFlood(watch, { seen, bad })) return beginDead(watch, patienceMs);',
    replace: '',
    breaks: 'A fault that comes slowly costs a registration every few minutes for ever.',
  },
  {
    ...inGuard,
    find: 'sighting.detail = registration;',
    replace: '',
    breaks: 'What was believed at the beginning of a flood is not taken back.',
  },
  {
    ...inGuard,
    find: 'else delete watch.believedSinceMs;',
    replace: '',
    breaks: 'A release by mistake cannot be called off.',
  },
  {
    ...inGuard,
    find: 'const key = `${app} ${target}`;',
    replace: 'const key = app;',
    breaks: 'Dead PushKit tokens make the guard hold the tokens for messages.',
  },
  {
    ...inGuard,
    find: '(isLong || seen >= enough) && ',
    replace: '',
    breaks: 'One delivered push makes any word of the provider believable.',
  },
  {
    ...inGuard,
    find: 'watch.isDistrusted = true;',
    replace: '',
    breaks: 'After a release, a fault that is still there costs registrations again.',
  },
  { ...inGuard, find: 'countHeld(watch);', replace: '', breaks: 'What is held is neither counted nor said.' },
  {
    ...inContract,
    find: 'tolerated = 1 / 5',
    replace: 'tolerated = 1 / 4',
    breaks: 'Twice as many tokens may be called dead before the guard holds.',
  },
  {
    ...inSample,
    find: 'sightings.delete(key);',
    replace: '',
    breaks: 'Devices that are pushed to all the time are forgotten first.',
  },
  {
    ...inSample,
    find: 'if (sightings.size > limit)',
    replace: 'if (sightings.size < 0)',
    breaks: 'Made-up devices fill the memory.',
  },
  {
    ...inSample,
    find: 'sighting.atMs >= fromMs',
    replace: 'sighting.atMs >= 0',
    breaks: 'What was seen yesterday counts as seen now.',
  },
  {
    ...inSample,
    find: 'if (isBad && earlier?.detail !== undefined)',
    replace: 'if (isBad && !earlier)',
    breaks: 'A device that was removed and is pushed to again is not taken back.',
  },
  {
    ...inReport,
    find: `target === 'second' ?`,
    replace: `target === 'first' ?`,
    breaks: 'The operator is told of the wrong tokens.',
  },
  {
    ...inReport,
    find: 'held: hold.held,',
    replace: 'held: hold.bad,',
    breaks: 'The admin API tells a wrong number of answers that were held back.',
  },
];
