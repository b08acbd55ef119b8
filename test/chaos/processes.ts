/** Several processes on one PostgreSQL database, and what happens to such. */
import { randomBytes } from 'node:crypto';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import type { Background } from './background.ts';
import { numberOf } from './ledger.ts';
import type { Pace } from './pace.ts';
import { perRegistration } from './places.ts';
import type { Stage } from './stage.ts';

/** A database server, and the part of the config that leads there. */
export interface Shared extends AsyncDisposable {
  readonly server: PostgresServer;
  readonly config: object;
  /** Number of queued pushes. */
  countQueued(): Promise<number>;
  /** From now on the database notes each push that is removed to keep the newest of its registration. */
  watchDisplaced(): Promise<void>;
  /** The numbers of the publishes of those. */
  displaced(): Promise<number[]>;
}

/** @returns undefined for a single process, which works on SQLite */
export async function openShared(processes: number): Promise<Shared | undefined> {
  if (processes === 1) return undefined;
  // Synced, since a power cut is played.
  const server = await startPostgres([]);
  const store = await server.createDatabase();
  const config = { store, nodes: { key: randomBytes(32).toString('base64') } };
  const database = new URL(store).pathname.slice(1);
  return {
    server,
    config,
    async countQueued() {
      const [row] = await server.query('SELECT count(*) AS queued FROM queued_push', database);
      return Number(row?.['queued']);
    },
    async watchDisplaced() {
      for (const statement of noteDisplaced) await server.query(statement, database);
    },
    async displaced() {
      const rows = await server.query('SELECT ciphertext FROM displaced', database);
      return rows.map(({ ciphertext }) => numberOf(String(ciphertext)));
    },
    [Symbol.asyncDispose]: () => server.remove(),
  };
}

/**
 * Only those that the statement for it removes while newer ones stay, so that a wrong removal is found out. Some of the newer
 * ones may have been sent since, in another transaction.
 */
const noteDisplaced = [
  'CREATE TABLE displaced (ciphertext text)',
  `CREATE FUNCTION note_displaced() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF current_query() LIKE '%row_number()%' AND ${perRegistration - 5} <= (
      SELECT count(*) FROM queued_push
      WHERE node = OLD.node AND seq > OLD.seq AND (leased = 2) = (OLD.leased = 2)
    ) THEN
      INSERT INTO displaced VALUES (substring(OLD.push from '"ciphertext":"(........)'));
    END IF;
    RETURN NULL;
  END $$`,
  'CREATE TRIGGER note_displaced AFTER DELETE ON queued_push FOR EACH ROW EXECUTE FUNCTION note_displaced()',
];

export interface TroubleOptions {
  readonly stage: Stage;
  readonly server: PostgresServer;
  readonly background: Background;
  readonly random: () => number;
  readonly say: (line: string) => void;
  /** Told when a fault ends. */
  readonly pace: Pace;
  /** Monotonic time of the end, milliseconds. */
  readonly endsAtMs: number;
}

/** Longer than a lease, so that what it holds is taken over. */
const suspendedMs = 30_000;
/** TCP sends again at most as long after the end as the cut was. */
const cutMs = 10_000;

/**
 * Kills one process after the other; once the database server goes down as by a power cut, once a process is suspended, once
 * one is cut off from everything.
 * @returns how many were killed
 */
export async function troubleProcesses(options: TroubleOptions): Promise<number> {
  const { stage, server, background, random, say, endsAtMs, pace } = options;
  const startedAtMs = performance.now();
  const isPast = (part: number) => performance.now() > startedAtMs + (endsAtMs - startedAtMs) * part;
  let kills = 0;
  let wasCut = false;
  let wasSuspended = false;
  let wasCutOff = false;
  while (performance.now() < endsAtMs) {
    await background.rest(2_000 + random() * 3_000);
    if (!wasCut && isPast(0.3)) {
      wasCut = true;
      await server.stop('immediate');
      say('database server killed');
      await background.rest(2_000);
      await server.start();
      pace.faultEnded('database server killed');
      await background.rest(5_000);
    }
    if (!wasSuspended && isPast(0.5)) {
      wasSuspended = true;
      const suspended = stage.sealposts.at(-1)?.process;
      const sinceMs = Date.now();
      suspended?.kill('SIGSTOP');
      say('one process suspended');
      await background.rest(suspendedMs);
      suspended?.kill('SIGCONT');
      pace.faultEnded('process suspended');
      stage.books.killed(sinceMs);
      await background.rest(5_000);
    }
    if (!wasCutOff && isPast(0.7)) {
      wasCutOff = true;
      const sinceMs = Date.now();
      await stage.network?.cut();
      say(stage.network ? 'one process cut off' : 'no process cut off: networks are not allowed here');
      await background.rest(cutMs);
      await stage.network?.mend();
      pace.faultEnded('process cut off');
      await background.rest(15_000);
      stage.books.killed(sinceMs);
    }
    await stage.restart([], kills % stage.sealposts.length);
    pace.faultEnded('process killed');
    kills += 1;
  }
  return kills;
}
