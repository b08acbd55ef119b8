import type { Mutant } from '../mutant.ts';

const tests = ['guard/guard.test.ts', 'guard/hostile.test.ts'];
const inGuard = { file: 'guard/guard.ts', tests };

const inWatch = { file: 'guard/watch.ts', tests };

const inEvidence = { file: 'guard/evidence.ts', tests };

const inContract = { file: 'guard/contract.ts', tests };

const inSample = { file: 'guard/sample.ts', tests: ['guard/sample.test.ts'] };

const inReport = { file: 'guard/report.ts', tests: ['guard/report.test.ts'] };

const inNotes = { file: 'delivery/device-notes.ts', tests: ['delivery/device-notes.test.ts'] };

/** What is believed when much looks dead at once. */
export const guard: readonly Mutant[] = [
  {
    ...inWatch,
    find: 'windowMs = 10 * 60_000',
    replace: 'windowMs = 20 * 60_000',
    breaks: 'A flood over half an hour is one event.',
  },
  {
    ...inWatch,
    find: 'windowMs = 10 * 60_000',
    replace: 'windowMs = 5 * 60_000',
    breaks: 'A flood over ten minutes is missed.',
  },
  { ...inEvidence, find: 'enough = 50', replace: 'enough = 49', breaks: 'A hold begins on less than it says.' },
  {
    ...inWatch,
    find: 'sampleLimit = 250',
    replace: 'sampleLimit = 500',
    breaks: 'A fault in a running system costs twice as many registrations.',
  },
  {
    ...inWatch,
    find: 'perAccount = 3',
    replace: 'perAccount = 50',
    breaks: 'One account begins a hold of its domain.',
  },
  {
    ...inWatch,
    find: 'perDomain = Math.floor(sampleLimit / 4)',
    replace: 'perDomain = sampleLimit',
    breaks: 'Accepted pushes of one domain hide that the devices of all others are dead.',
  },
  {
    ...inWatch,
    find: 'counts: sample.countWithoutEach',
    replace: 'counts: (withinMs: number) => [sample.count(withinMs)]',
    breaks: 'One domain begins a hold of all others.',
  },
  {
    ...inWatch,
    find: 'watch.isDistrusted = true;',
    replace: '',
    breaks: 'After a release, a fault that is still there costs registrations again.',
  },
  {
    ...inWatch,
    find: 'else delete watch.acceptsSinceMs;',
    replace: '',
    breaks: 'A release by mistake cannot be called off.',
  },
  {
    ...inEvidence,
    find: 'believedUnproven = 3',
    replace: 'believedUnproven = 4',
    breaks: 'An app that never delivered loses more devices than it says.',
  },
  {
    ...inEvidence,
    find: 'seen >= (isLong ? 1 : enough) && ',
    replace: '',
    breaks: 'One delivered push makes any word of the provider believable.',
  },
  {
    ...inEvidence,
    find: 'seen >= enough && bad > beyondChance(seen)',
    replace: 'seen >= enough && bad > seen * tolerated',
    breaks: 'A fifth of dead tokens, which is usual, makes the guard hold by chance.',
  },
  {
    ...inGuard,
    find: 'complainEveryMs = 60_000',
    replace: 'complainEveryMs = 0',
    breaks: 'A flood writes hundreds of log lines a second.',
  },
  {
    ...inGuard,
    find: 'watchedDomains = 100',
    replace: 'watchedDomains = 1_000',
    breaks: 'Made-up domains fill the memory.',
  },
  {
    ...inGuard,
    find: 'find(([, { hold }]) => !hold)',
    replace: 'find(() => true)',
    breaks: 'Pushes of other domains end a hold.',
  },
  {
    ...inGuard,
    find: 'registration.wasAccepted ? causes.slice(0, 1) : causes',
    replace: 'causes',
    breaks: 'Made-up tokens keep devices that were reached.',
  },
  {
    ...inGuard,
    find: "registration.wasAccepted ? reached : populationOf('dead-new-tokens', app, target)",
    replace: 'reached',
    breaks: 'Made-up tokens are evidence against devices that were reached.',
  },
  {
    ...inGuard,
    find: "account.includes('@') ? shorten(foldCase(account)) : key",
    replace: 'key',
    breaks: 'One account begins a hold of its domain.',
  },
  {
    ...inGuard,
    find: '(isSmall && watching.faresWell(all, clock))',
    replace: 'watching.faresWell(all, clock)',
    breaks: 'Healthy domains make the word about a great sick one believable.',
  },
  {
    ...inGuard,
    find: `came === 'doubtful' || own.isDistrusted || all.isDistrusted`,
    replace: 'own.isDistrusted || all.isDistrusted',
    breaks: 'A wrong topic costs the first registrations.',
  },
  {
    ...inGuard,
    find: `came === 'doubtful' || own.isDistrusted || all.isDistrusted`,
    replace: `came === 'doubtful'`,
    breaks: 'After a release, a fault that is still there costs registrations again.',
  },
  {
    ...inGuard,
    find: 'if (isFlood(own.counts(patienceMs))) return watching.hold(own, patienceMs, clock);',
    replace: '',
    breaks: 'A fault that comes slowly costs a registration every few minutes for ever.',
  },
  {
    ...inGuard,
    find: 'inAll.detail = registration;\n        if (inDomain) inDomain.detail = registration;',
    replace: '{}',
    breaks: 'What was believed at the beginning of a flood is not taken back.',
  },
  {
    ...inGuard,
    find: '...removed])',
    replace: '])',
    breaks: 'What was removed of a great domain before the hold of all is not taken back.',
  },
  {
    ...inGuard,
    find: 'const kind = `${cause} ${target}` as const;',
    replace: 'const kind = cause;',
    breaks: 'Dead PushKit tokens make the guard hold the tokens for messages.',
  },
  {
    ...inContract,
    find: 'tolerated = 1 / 5',
    replace: 'tolerated = 1 / 4',
    breaks: 'More tokens may be called dead before the guard holds.',
  },
  {
    ...inSample,
    find: 'all.renew(inAll);',
    replace: '',
    breaks: 'Devices that are pushed to all the time are forgotten first.',
  },
  {
    ...inSample,
    find: 'if (all.size > limit) forget(all.oldest);',
    replace: '',
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
    find: 'if (isBad && detail !== undefined) sighting.detail = detail;',
    replace: '',
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
  {
    ...inNotes,
    find: 'new RecentMap<string, Remembered>(deviceNotesLimit,',
    replace: 'new RecentMap<string, Remembered>(10 * deviceNotesLimit,',
    breaks: 'While the store is slow, notes fill the memory.',
  },
  {
    ...inNotes,
    find: 'if (!isNews && nowMs - device.pushWrittenMs < repeatAfterMs) return;',
    replace: '',
    breaks: 'Each push of a device writes to the store again.',
  },
  {
    ...inNotes,
    find: 'if (clock.monotonic() < pausedUntilMs) return lose([node]);',
    replace: '',
    breaks: 'A store that fails is written to each second.',
  },
];
