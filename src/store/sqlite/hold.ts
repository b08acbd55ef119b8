import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../time/clock.ts';
import { pause } from '../engine/pause.ts';
import { StoreError } from '../engine/store-error.ts';
import { makeFile } from './connection.ts';

/** How long the process before this one may take to end, as in a restart; an init system kills it after 10 s. Milliseconds. */
const waitMs = 15_000;
const againMs = 250;
/** SQLITE_BUSY. */
const busy = 5;

/**
 * Keeps other servers away from a store as long as this process lives: two of them would send every queued push twice. The lock is on a
 * file beside the store, so that backups and imports go on.
 * @returns what ends it
 * @throws StoreError when another server has it
 */
export async function holdStore(path: string, clock: Pick<Clock, 'after' | 'monotonic'>): Promise<() => void> {
  const endsAtMs = clock.monotonic() + waitMs;
  const file = `${path}-server`;
  for (;;) {
    try {
      makeFile(file);
      return lock(file);
    } catch (error) {
      const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
      // Without the lock file (full disk, missing permission) the server starts unlocked.
      if (code !== busy) return () => undefined;
      if (clock.monotonic() >= endsAtMs) {
        const hint = 'End the other one, or name another file under store:. Several processes need PostgreSQL.';
        throw new StoreError(`another Sealpost serves from the store ${path}`, hint, { cause: error });
      }
    }
    await pause(clock, againMs);
  }
}

function lock(path: string): () => void {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return () => database.close();
  } catch (error) {
    database.close();
    throw error;
  }
}
