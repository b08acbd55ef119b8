/** Several processes on one PostgreSQL database, and what happens to such. */
import { randomBytes } from 'node:crypto';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import type { Background } from './background.ts';
import type { Stage } from './stage.ts';

/** A database server, and the part of the config that leads there. */
export interface Shared extends AsyncDisposable {
  readonly server: PostgresServer;
  readonly config: object;
}

/** @returns undefined for a single process, which works on SQLite */
export async function openShared(processes: number): Promise<Shared | undefined> {
  if (processes === 1) return undefined;
  // Synced, since a power cut is played.
  const server = await startPostgres([]);
  const store = await server.createDatabase();
  const config = { store, nodes: { key: randomBytes(32).toString('base64') } };
  return { server, config, [Symbol.asyncDispose]: () => server.remove() };
}

export interface TroubleOptions {
  readonly stage: Stage;
  readonly server: PostgresServer;
  readonly background: Background;
  readonly random: () => number;
  readonly say: (line: string) => void;
  /** Monotonic time of the end, milliseconds. */
  readonly endsAtMs: number;
}

/** Longer than a lease, so that what it holds is taken over. */
const suspendedMs = 30_000;

/**
 * Kills one process after the other; once the database server goes down as by a power cut, once a process is suspended.
 * @returns how many were killed
 */
export async function troubleProcesses(options: TroubleOptions): Promise<number> {
  const { stage, server, background, random, say, endsAtMs } = options;
  const startedAtMs = performance.now();
  const isPast = (part: number) => performance.now() > startedAtMs + (endsAtMs - startedAtMs) * part;
  let kills = 0;
  let wasCut = false;
  let wasSuspended = false;
  while (performance.now() < endsAtMs) {
    await background.rest(2_000 + random() * 3_000);
    if (!wasCut && isPast(0.3)) {
      wasCut = true;
      await server.stop('immediate');
      say('database server killed');
      await background.rest(2_000);
      await server.start();
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
      stage.books.killed(sinceMs);
      await background.rest(5_000);
    }
    await stage.restart([], kills % stage.sealposts.length);
    kills += 1;
  }
  return kills;
}
