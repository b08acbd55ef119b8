import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { findPushTable } from './schema.ts';
import { sqliteReason } from '../sqlite/reason.ts';

/** Pushes recovered at most: some seconds of work, during which nothing can be stored. */
const recoveryLimit = 200_000;

const columns = 'seq, id, app, node, call, target, attempts, stored_at_ms, due_at_ms, give_up_at_ms, bytes, push';

/**
 * Copies the readable pushes of a damaged file: from the newest and from the oldest on up to the damage, as SQLite
 * reads no further. Does not write the damaged file.
 * @param target open, with an empty table
 * @returns the number of copied pushes
 * @throws what SQLite throws if the disk is full, since a retry may succeed
 */
export function recoverPushes(damagedPath: string, target: DatabaseSync): number {
  const placeholders = columns.replaceAll(/\w+/g, '?');
  const insert = target.prepare(`INSERT OR IGNORE INTO queued_push (${columns}) VALUES (${placeholders})`);
  let saved = 0;
  try {
    target.exec('BEGIN IMMEDIATE');
    for (const direction of ['DESC', 'ASC'] as const) {
      for (const row of readableRows(damagedPath, direction)) {
        if (saved >= recoveryLimit || !keep(Object.values(row) as SQLInputValue[])) break;
      }
    }
    target.exec('COMMIT');
    return saved;
  } catch (error) {
    if (target.isTransaction) target.exec('ROLLBACK');
    if (sqliteReason(error) === 'disk-full') throw error;
    // The damaged file is kept, and an empty store is better than none.
    return 0;
  }

  /** False if the row is there already, so that the two directions have met. */
  function keep(values: SQLInputValue[]): boolean {
    try {
      if (insert.run(...values).changes === 0) return false;
      saved += 1;
    } catch (error) {
      if (sqliteReason(error) !== 'unfit') throw error;
    }
    return true;
  }
}

function* readableRows(path: string, direction: 'ASC' | 'DESC') {
  let damaged: DatabaseSync | undefined;
  try {
    damaged = new DatabaseSync(path, { readOnly: true });
    const table = findPushTable(damaged) ?? 'queued_push';
    yield* damaged.prepare(`SELECT ${columns} FROM "${table}" NOT INDEXED ORDER BY seq ${direction}`).iterate();
  } catch {
    // The damage begins here.
  } finally {
    damaged?.close();
  }
}
