import type { Mutant } from '../mutant.ts';

const inStore = { file: 'store/outbox/store.ts', tests: ['store/outbox/limits.test.ts'] };

const inDatabaseFile = { file: 'store/outbox/database-file.ts', tests: ['store/outbox/faults.test.ts'] };

const inLimits = { file: 'store/outbox/limits.ts', tests: ['store/outbox/limits.test.ts'] };

const inLeases = { file: 'store/outbox/leases.ts', tests: ['store/outbox/sqlite.test.ts'] };

const inWorker = { file: 'store/outbox/worker.ts', tests: ['store/outbox/faults.test.ts'] };

const inSqlite = { file: 'store/outbox/sqlite.ts', tests: ['store/outbox/faults.test.ts'] };

const inClockStep = { file: 'store/outbox/clock-step.ts', tests: ['store/outbox/sqlite.test.ts'] };

const inStoredPush = { file: 'store/outbox/stored-push.ts', tests: ['store/outbox/sqlite.test.ts'] };

const inRecovery = { file: 'store/outbox/recovery.ts', tests: ['store/outbox/faults.test.ts'] };

/** What is kept for later, and that it is kept. */
export const outbox: readonly Mutant[] = [
  {
    ...inStore,
    find: `transact('FULL'`,
    replace: `transact('NORMAL'`,
    breaks: 'A power cut loses pushes that were answered as taken.',
    tests: ['store/outbox/durability.test.ts'],
  },
  {
    ...inStore,
    find: `if (sql.known.get(row.id)) return 'stored';`,
    replace: '',
    breaks: 'A push that is stored twice, because the first answer was late, fails.',
    tests: ['store/outbox/sqlite.test.ts'],
  },
  {
    ...inStore,
    find: `      counters.undo();
`,
    replace: '',
    breaks: 'After a full disk the outbox takes itself for fuller than it is.',
    tests: ['store/outbox/faults.test.ts'],
  },
  {
    ...inStore,
    find: 'give_up_at_ms <= ?',
    replace: 'give_up_at_ms < ?',
    breaks: 'What expires now is kept for another ten seconds.',
    tests: ['store/outbox/sqlite.test.ts'],
  },
  {
    ...inStore,
    find: '>= ?3 + left_leased',
    replace: '> ?3 + left_leased',
    breaks: 'A device has one push more than it may.',
  },
  { ...inStore, find: 'limits.pushes * part', replace: 'limits.pushes', breaks: 'One app fills the outbox for all.' },
  {
    ...inStore,
    find: 'bytes > freed && ',
    replace: '',
    breaks: 'A push that takes the place of a longer one is refused while the outbox is full.',
  },
  {
    ...inStore,
    find: 'PARTITION BY left_leased ',
    replace: '',
    breaks: 'After a kill, what a provider may have taken displaces what it has not.',
    tests: ['store/outbox/left-leased.test.ts'],
  },
  {
    ...inStore,
    find: 'run <> ?2',
    replace: 'run = ?2',
    breaks: 'What is being sent takes no place, and what was left by a kill takes that of others.',
    tests: ['store/outbox/left-leased.test.ts'],
  },
  {
    ...inStore,
    find: 'sql.unmark.run(run, operation.id);',
    replace: '',
    breaks: 'What failed and is queued again counts after a kill as perhaps taken.',
    tests: ['store/outbox/left-leased.test.ts'],
  },
  {
    ...inDatabaseFile,
    find: 'PRAGMA synchronous = FULL',
    replace: 'PRAGMA synchronous = NORMAL',
    breaks: 'A power cut loses what was salvaged from a damaged file.',
    tests: ['store/outbox/durability.test.ts'],
  },
  {
    ...inDatabaseFile,
    find: 'locking_mode = EXCLUSIVE',
    replace: 'locking_mode = NORMAL',
    breaks: 'Two processes send everything twice.',
  },
  {
    ...inDatabaseFile,
    find: '0o600',
    replace: '0o644',
    breaks: 'Everybody on the machine reads what is queued.',
    tests: ['store/outbox/sqlite.test.ts'],
  },
  {
    ...inDatabaseFile,
    find: 'if (!existsSync(path) && existsSync(recoveredBeside(path))) renameSync(recoveredBeside(path), path);',
    replace: '',
    breaks: 'A crash while a damaged file is replaced loses what was salvaged.',
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
    breaks: 'A clock that was set back holds everything up for ten hours.',
    tests: ['store/outbox/sqlite.test.ts'],
  },
  {
    ...inLimits,
    find: 'enqueueWithinMs: 5_000',
    replace: 'enqueueWithinMs: 50_000',
    breaks: 'A store that hangs answers servers after they gave up.',
  },
  {
    ...inLeases,
    find: 'queued.giveUpAtMs > nowMs',
    replace: 'queued.giveUpAtMs >= 0',
    breaks: 'What is over is sent all the same.',
  },
  { ...inLeases, find: '[1, 0]', replace: '[0, 1]', breaks: 'Calls wait behind everything else.' },
  {
    ...inLeases,
    find: 'ORDER BY seq DESC`);',
    replace: 'ORDER BY seq ASC`);',
    breaks: 'After an outage the oldest pushes go first.',
  },
  {
    ...inLeases,
    find: '!leased.has(queued.id) && ',
    replace: '',
    breaks: 'A push that is on its way is given out once more.',
  },
  {
    ...inLeases,
    find: 'Math.min(limit, limits.leased - leased.size)',
    replace: 'limit',
    breaks: 'More pushes are on their way at a time than there is memory for.',
    tests: ['store/outbox/limits.test.ts'],
  },
  {
    ...inWorker,
    find: 'if (opened && opened.identity !== identify(path))',
    replace: `if (opened && opened.identity === '')`,
    breaks: 'Pushes are stored into a file that was deleted.',
  },
  {
    ...inWorker,
    find: `if (reason !== 'damaged') throw error;`,
    replace: `if (reason !== '') throw error;`,
    breaks: 'A file that is damaged while in use stores nothing until the next start.',
  },
  {
    ...inWorker,
    find: 'capDueTimes(database, now());',
    replace: '',
    breaks: 'After a restart with the clock set back, all that is queued waits for as long.',
    tests: ['store/outbox/sqlite.test.ts'],
  },
  {
    ...inSqlite,
    find: 'else if (unwritten.push(entry) === 1) clock.after(timing.retryMs, writeAgain);',
    replace: '',
    breaks: 'A push whose settling could not be written is sent again after the next start.',
  },
  {
    ...inSqlite,
    find: `change({ kind: 'complete', id: row.id }, () => leased.delete(row.id));`,
    replace: '',
    breaks: 'A row that is no push any more stays in the outbox for ever.',
  },
  {
    ...inSqlite,
    find: 'thread.withdraw(entry);',
    replace: '',
    breaks: 'A push that is answered as not stored is stored later, and arrives twice.',
    tests: ['store/outbox/limits.test.ts'],
  },
  {
    ...inSqlite,
    find: `if (closing || thread.waiting >= limits.waiting) return Promise.resolve(read({ kind: 'failed' }));`,
    replace: '',
    breaks: 'Questions to a thread that hangs fill the memory.',
    tests: ['store/outbox/limits.test.ts'],
  },
  {
    ...inClockStep,
    find: '<= nowMs) return;',
    replace: '>= 0) return;',
    breaks: 'After a restart with the clock set back, all that is queued waits for as long.',
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
    ...inRecovery,
    find: `sqliteReason(error) === 'disk-full'`,
    replace: 'false',
    breaks: 'A damaged file that is met while the disk is full is given up with all that it holds.',
  },
  {
    ...inRecovery,
    find: `['DESC', 'ASC'] as const`,
    replace: `['DESC'] as const`,
    breaks: 'Of a damaged file only what is newer than the damage is saved.',
  },
];
