/** Takes over the outbox of versions that kept it in a SQLite file of its own. */
import { existsSync, renameSync } from 'node:fs';
import { format, parse } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { domainOf } from '../../core/jid.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Clock } from '../../time/clock.ts';
import type { Database } from '../engine/database.ts';
import { StoreError } from '../engine/store-error.ts';
import { fromRow, type LeasedRow, toRow } from './stored-push.ts';
import { insert } from './statements.ts';

/** Rows between two turns of the event loop. */
const together = 500;
const logEveryMs = 10_000;

/** Where earlier versions kept the outbox of a store: `sealpost.outbox.db` beside `sealpost.db`. */
export function earlierOutboxOf(path: string): string {
  const { dir, name, ext } = parse(path);
  return format({ dir, name: `${name}.outbox`, ext });
}

export interface AdoptOptions {
  /** Path of the store. */
  readonly path: string;
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Copies the queued pushes of the old file and renames it to `….adopted`. A copy that was interrupted is begun again: what
 * is there already stays as it is. What cannot be read stays in the renamed file.
 * @throws StoreError when the file cannot be read, or its pushes cannot be stored
 */
export async function adoptOutboxFile({ path, database, clock, log }: AdoptOptions): Promise<void> {
  const file = earlierOutboxOf(path);
  if (!existsSync(file)) return;
  let count = 0;
  let isWhole = true;
  let saidAtMs = clock.monotonic();
  try {
    const old = new DatabaseSync(file, { timeout: 5_000 });
    try {
      // The table has had two names. Its index has had one.
      const table = old.prepare(`SELECT tbl_name FROM sqlite_schema WHERE name = 'owed_by_claim'`).get()?.['tbl_name'];
      let batch: LeasedRow[] = [];
      const write = async () => {
        const due = batch;
        batch = [];
        for (const stored of await Promise.all(due.map((row) => copy(row, database)))) count += stored;
        if (clock.monotonic() - saidAtMs < logEveryMs) return;
        saidAtMs = clock.monotonic();
        log.info({ file, count }, 'taking over the queued pushes of the earlier outbox');
      };
      const copyAll = async (rows: Iterable<LeasedRow>) => {
        try {
          for (const row of rows) {
            batch.push(row);
            if (batch.length === together) await write();
          }
        } finally {
          // What was read before the damage, too.
          await write();
        }
      };
      if (table !== undefined) {
        try {
          await copyAll(readRows(old, String(table), 'ASC'));
        } catch (error) {
          // From the other end, what is behind the damage can be read.
          await copyAll(readRows(old, String(table), 'DESC'));
          throw error;
        }
      }
    } finally {
      old.close();
    }
  } catch (error) {
    const reason = database.reasonOf(error);
    if (reason !== 'damaged') {
      const hint =
        'It holds queued pushes of the version before. Make it readable and make room for the store, or move it away to give them up.';
      throw new StoreError(`cannot take over the outbox ${file} (${reason})`, hint, { cause: error });
    }
    isWhole = false;
    log.error({ file, count, reason }, 'the earlier outbox is damaged: the pushes that could be read were taken over');
  }
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, `${file}.adopted${suffix}`);
  }
  log.info(
    { file: `${file}.adopted`, count, hint: isWhole ? 'Delete it.' : 'What could not be read is still in it.' },
    'took over the queued pushes of the earlier outbox',
  );
}

function* readRows(old: DatabaseSync, table: string, order: 'ASC' | 'DESC'): Generator<LeasedRow> {
  const rows = old.prepare(`
    SELECT seq, id, app, '-' AS domain, call, target, attempts, stored_at_ms, give_up_at_ms, push
    FROM "${table.replaceAll('"', '')}" ORDER BY seq ${order}`);
  for (const row of rows.iterate()) yield row as unknown as LeasedRow;
}

/**
 * All are due at once: their back-off has no meaning after a restart.
 * @returns how many were stored: none if it was there
 */
async function copy(row: LeasedRow, { db }: Database): Promise<number> {
  const queued = fromRow(row);
  // The publisher is not known; the account's server it was most likely.
  const fresh = queued && toRow({ ...queued, domain: domainOf(queued.push.account) || '-' }, queued.storedAtMs);
  return fresh ? (await insert(db, [fresh])).length : 0;
}
