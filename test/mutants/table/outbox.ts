import type { Mutant } from '../mutant.ts';

const inStatements = { file: 'store/outbox/statements.ts', tests: ['store/outbox/outbox.test.ts'] };

const inEnqueue = { file: 'store/outbox/enqueue.ts', tests: ['store/outbox/limits.test.ts'] };

const inCounters = {
  file: 'store/outbox/counters.ts',
  tests: ['store/outbox/limits.test.ts', 'store/outbox/counters.test.ts'],
};

const inLimits = { file: 'store/outbox/limits.ts', tests: ['store/outbox/limits.test.ts'] };

const inLeases = { file: 'store/outbox/leases.ts', tests: ['store/outbox/fairness.test.ts'] };

const inChanges = { file: 'store/outbox/changes.ts', tests: ['store/outbox/faults.test.ts'] };

const inOutbox = { file: 'store/outbox/outbox.ts', tests: ['store/outbox/outbox.test.ts'] };

const inStoredPush = { file: 'store/outbox/stored-push.ts', tests: ['store/outbox/outbox.test.ts'] };

const inAdopt = { file: 'store/outbox/adopt-file.ts', tests: ['store/outbox/adopt-file.test.ts'] };

const inConnection = { file: 'store/sqlite/connection.ts', tests: ['store/registry/sqlite.test.ts'] };

const inGroup = { file: 'store/sqlite/group-commit.ts', tests: ['store/sqlite/group-commit.test.ts'] };

const inThread = { file: 'store/sqlite/thread.ts', tests: ['store/outbox/faults.test.ts'] };

/** What is kept for later, and that it is kept. */
export const outbox: readonly Mutant[] = [
  {
    ...inConnection,
    find: 'PRAGMA synchronous = FULL',
    replace: 'PRAGMA synchronous = NORMAL',
    breaks: 'A power cut loses what was answered as taken.',
  },
  {
    ...inConnection,
    find: '0o600',
    replace: '0o644',
    breaks: 'Everybody on the machine reads what is stored.',
    tests: ['store/outbox/outbox.test.ts'],
  },
  {
    ...inStatements,
    find: '.doNothing()',
    replace: '.doUpdateSet({ attempts: 0 })',
    breaks: 'A push that is stored twice, because the first answer was late, changes the first one.',
    tests: ['store/outbox/outbox.test.ts'],
  },
  {
    ...inStatements,
    find: `.where('give_up_at_ms', '<=', nowMs)`,
    replace: `.where('give_up_at_ms', '<', nowMs)`,
    breaks: 'What expires now is kept for another ten seconds.',
  },
  {
    ...inStatements,
    find: `.where('ranked.place', '>', limit)`,
    replace: `.where('ranked.place', '>=', limit)`,
    breaks: 'A device has one push less than it may.',
    tests: ['store/outbox/limits.test.ts'],
  },
  {
    ...inStatements,
    find: 'PARTITION BY node, leased = 2',
    replace: 'PARTITION BY node',
    breaks: 'After a kill, what a provider may have taken displaces what it has not.',
    tests: ['store/outbox/left-leased.test.ts'],
  },
  {
    ...inStatements,
    find: 'PARTITION BY node, leased = 2',
    replace: 'PARTITION BY node, leased > 0',
    breaks: 'What is being sent takes no place.',
    tests: ['store/outbox/left-leased.test.ts'],
  },
  {
    ...inStatements,
    find: 'CASE WHEN leased = 2 THEN 2 ELSE 0 END',
    replace: '0',
    breaks: 'What a dead process may have sent displaces others once it was tried again.',
    tests: ['store/outbox/left-leased.test.ts'],
  },
  {
    ...inStatements,
    find: 'CASE WHEN leased = 2 THEN 2 ELSE 0 END',
    replace: 'leased',
    breaks: 'What failed and is queued again counts as perhaps taken.',
    tests: ['store/outbox/left-leased.test.ts'],
  },
  {
    ...inStatements,
    find: 'CASE WHEN leased = 0 THEN 1 ELSE 2 END, due_at_ms',
    replace: '0, due_at_ms',
    breaks: 'After a kill, what a provider may have taken displaces what it has not.',
    tests: ['store/outbox/left-leased.test.ts'],
  },
  {
    ...inStatements,
    find: ', due_at_ms = ${endsAtMs}',
    replace: '',
    breaks: 'A push that is on its way is given out once more.',
  },
  {
    ...inStatements,
    find: 'AND q.give_up_at_ms > ${nowMs}',
    replace: '',
    breaks: 'What is over is sent all the same.',
  },
  {
    ...inStatements,
    find: 'ORDER BY q.due_at_ms LIMIT',
    replace: 'ORDER BY q.due_at_ms DESC LIMIT',
    breaks: 'What fell due first waits longest.',
  },
  {
    ...inStatements,
    find: 'PARTITION BY q.node ORDER BY q.seq DESC',
    replace: 'PARTITION BY q.node ORDER BY q.seq',
    breaks: 'A device gets its oldest push first.',
    tests: ['store/outbox/fairness.test.ts'],
  },
  {
    ...inStatements,
    find: 'AND d.domain = found.domain AND d.due_at_ms <= ${nowMs}',
    replace: 'AND d.domain = found.domain',
    breaks: 'Domains with nothing due take the turns of others.',
    tests: ['store/outbox/fairness.test.ts'],
  },
  {
    ...inStatements,
    find: `set({ due_at_ms: nowMs, leased: 2 })`,
    replace: `set({ due_at_ms: nowMs })`,
    breaks: 'After a kill, what a provider may have taken displaces what it has not.',
    tests: ['store/outbox/left-leased.test.ts'],
  },
  {
    ...inCounters,
    find: 'limits.pushes * limits.ofOneApp',
    replace: 'limits.pushes',
    breaks: 'One app fills the outbox.',
  },
  {
    ...inCounters,
    find: 'ofDomain >= limits.pushes * limits.ofOneDomain',
    replace: 'false',
    breaks: 'One server fills the outbox for all.',
  },
  {
    ...inCounters,
    find: 'limits.bytes * limits.ofOneApp',
    replace: 'limits.bytes',
    breaks: 'Long pushes of one app fill the outbox for all.',
  },
  { ...inCounters, find: 'total.bytes + bytes > limits.bytes', replace: 'false', breaks: 'The outbox fills the disk.' },
  {
    ...inEnqueue,
    find: 'counters.add([row]);',
    replace: '',
    breaks: 'Pushes that arrive at once all find the last place free.',
  },
  {
    ...inEnqueue,
    find: 'counters.add(stored);',
    replace: '',
    breaks: 'The outbox takes itself for empty, and has no limit.',
  },
  {
    ...inEnqueue,
    find: '    counters.subtract(rows);\n',
    replace: '',
    breaks: 'After a full disk the outbox takes itself for fuller than it is.',
    tests: ['store/outbox/faults.test.ts'],
  },
  {
    ...inEnqueue,
    find: 'if (waiting.delete(one)) counters.subtract([row]);',
    replace: '',
    breaks: 'A push that is answered as not stored is stored later, and arrives twice.',
  },
  {
    ...inEnqueue,
    find: `if (waiting.size >= limits.waiting) return 'full';`,
    replace: '',
    breaks: 'Pushes that a slow disk does not take fill the memory.',
  },
  {
    ...inEnqueue,
    find: ' && !(await displaces(row))',
    replace: '',
    breaks: 'A push that takes the place of another one is refused while the outbox is full.',
  },
  {
    ...inEnqueue,
    find: '      refuseWhenLost();\n',
    replace: '',
    breaks: 'Pushes are stored into a file that was deleted.',
    tests: ['store/outbox/faults.test.ts'],
  },
  {
    ...inLimits,
    find: 'perRegistration: 20',
    replace: 'perRegistration: 200',
    breaks: 'Who comes back to a phone finds two hundred notifications.',
  },
  {
    ...inLimits,
    find: 'longestPauseMs: 3_600_000',
    replace: 'longestPauseMs: 36_000_000',
    breaks: 'A push waits for ten hours because a provider said so.',
    tests: ['store/outbox/outbox.test.ts'],
  },
  {
    ...inLimits,
    find: 'enqueueWithinMs: 5_000',
    replace: 'enqueueWithinMs: 50_000',
    breaks: 'A store that hangs answers servers after they gave up.',
  },
  {
    ...inLimits,
    find: 'leaseMs: 20_000',
    replace: 'leaseMs: 200_000',
    breaks: 'What a dead process had leased waits for minutes.',
    tests: ['store/outbox/outbox.test.ts'],
  },
  {
    ...inLeases,
    find: '([1, 0] as const)',
    replace: '([0, 1] as const)',
    breaks: 'Calls wait behind everything else.',
  },
  {
    ...inLeases,
    find: 'if (last !== undefined) latest.set(key, last);',
    replace: '',
    breaks: 'The first domains of the alphabet get all the turns.',
  },
  {
    ...inLeases,
    find: 'Math.floor(room / Math.max(1, domains.length))',
    replace: 'room',
    breaks: 'A lease gives out more than was asked for.',
    tests: ['store/outbox/fairness.test.ts', 'store/outbox/outbox.test.ts'],
  },
  {
    ...inChanges,
    find: 'cancelRetry = clock.after(timing.retryMs, () => void flush());',
    replace: '',
    breaks: 'What could not be written is written with the next change only.',
    survives: 'Each lease and each statistic writes it too, so that it waits for ten seconds at most.',
  },
  {
    ...inChanges,
    find: 'counters.subtract(await complete(db, ids));',
    replace: 'await complete(db, ids);',
    breaks: 'The outbox takes itself for fuller and fuller.',
  },
  {
    ...inOutbox,
    find: 'if (changes.has(row.id) || leased.has(row.id)) continue;',
    replace: '',
    breaks: 'A push whose outcome could not be written in time is sent once more.',
    tests: ['store/outbox/faults.test.ts'],
    survives:
      'A lease first writes what became of earlier ones, so that it meets such a push only if that fails and it works itself.',
  },
  {
    ...inOutbox,
    find: 'changes.complete(row.id);',
    replace: '',
    breaks: 'A row that is no push any more stays in the outbox for ever.',
    tests: ['store/outbox/faults.test.ts'],
  },
  {
    ...inOutbox,
    find: 'Math.min(limit, limits.leased - leased.size)',
    replace: 'limit',
    breaks: 'More pushes are on their way at a time than there is memory for.',
    tests: ['store/outbox/limits.test.ts'],
  },
  {
    ...inOutbox,
    find: 'isSetBack ? nowMs',
    replace: 'isSetBack ? Infinity',
    breaks: 'After a restart with the clock set back, all that is queued waits for as long.',
  },
  {
    ...inOutbox,
    find: 'if (!isShared) await endLeases(db, nowMs);',
    replace: '',
    breaks: 'After a restart, calls that were being sent wait until they are over.',
  },
  {
    ...inStoredPush,
    find: `kind === 'voip' || kind === 'call-alert' ? 1 : 0`,
    replace: `kind === 'voip' ? 1 : 0`,
    breaks: 'A call that rings by an alert waits behind messages.',
  },
  {
    ...inStoredPush,
    find: 'channel: z.string().exactOptional(),',
    replace: '',
    breaks: 'A push for a room that waited in the outbox says nothing of the room.',
  },
  {
    ...inStoredPush,
    find: 'parsedPush.data.id !== row.id',
    replace: 'false',
    breaks: 'A row that was damaged is sent under another id.',
  },
  {
    ...inAdopt,
    find: `if (reason !== 'damaged') {`,
    replace: `if (reason !== '') {`,
    breaks: 'A damaged outbox of the version before prevents the start.',
  },
  {
    ...inAdopt,
    find: `renameSync(\`\${file}\${suffix}\`, \`\${file}.adopted\${suffix}\`)`,
    replace: 'void suffix',
    breaks: 'Each start sends what the earlier outbox held once more.',
  },
  {
    ...inGroup,
    find: "return { kind: 'failed', failure: describe(error) };",
    replace: 'throw error;',
    breaks: 'A statement that fails takes those with it that came at the same time.',
  },
  {
    ...inGroup,
    find: '(isGroup ? together(statements) : undefined) ?? statements.map(execute)',
    replace: '(isGroup ? together(statements) : undefined) ?? (isGroup ? [] : statements.map(execute))',
    breaks: 'On a full disk nothing can be removed.',
  },
  {
    ...inThread,
    find: 'if (isClosing) {\n        failWaiting(died);',
    replace: 'if (isClosing) {',
    breaks: 'Closing waits for a thread that is dead.',
    survives: 'The outbox gives what waits up by itself; others are drained before the store is closed.',
  },
  {
    ...inThread,
    find: 'Math.min(restartCapMs, restartBaseMs * 2 ** deaths)',
    replace: 'Infinity',
    breaks: 'A thread that died once leaves the store dead.',
  },
];
