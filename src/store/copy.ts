/** Copies everything that is durable from one database to another one, of either engine. */
import type { Kysely } from 'kysely';
import { recount } from './registry/domains.ts';
import type { Database } from './engine/database.ts';
import type { QueuedPushRow, RegistrationRow, Tables } from './schema/tables.ts';

/** Rows that are read, written and compared together. */
const together = 500;

/** What was copied. */
export interface CopyReport {
  readonly registrations: number;
  readonly queuedPushes: number;
  /** Registrations that the target has otherwise, and queued pushes that it does not have. */
  readonly different: number;
}

export interface CopyOptions {
  readonly from: Pick<Database, 'db'>;
  readonly to: Database;
  /** Called after each part, with the number of rows so far. */
  readonly onProgress: (rows: number) => void;
}

/**
 * Copies registrations, marks of removed ones, kinds of unsealed nodes and queued pushes. Rows that the target already has are
 * not changed, so that an interrupted copy can be repeated. Registrations are read back and compared; of queued pushes it is
 * checked that they are there.
 */
export async function copyStore({ from, to, onProgress }: CopyOptions): Promise<CopyReport> {
  const report = { registrations: 0, queuedPushes: 0, different: 0 };
  const progress = () => onProgress(report.registrations + report.queuedPushes);
  const kinds = await from.db.selectFrom('unsealed_nodes').selectAll().execute();
  for (const kind of kinds) {
    await to.db
      .insertInto('unsealed_nodes')
      .values(kind)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  for (let after = ''; ;) {
    const rows = await readRegistrations(from.db, after);
    const last = rows.at(-1);
    if (!last) break;
    report.different += await copyRegistrations(rows, to);
    report.registrations += rows.length;
    after = last.node_key;
    progress();
  }
  for (let after = 0; ;) {
    const rows = await readQueued(from.db, after);
    const last = rows.at(-1);
    if (!last) break;
    report.different += await copyQueued(rows, to);
    report.queuedPushes += rows.length;
    after = last.seq;
    progress();
  }
  await recount(to.db);
  return report;
}

function readRegistrations(db: Kysely<Tables>, after: string): Promise<RegistrationRow[]> {
  return db
    .selectFrom('registration')
    .selectAll()
    .where('node_key', '>', after)
    .orderBy('node_key')
    .limit(together)
    .execute();
}

/** @returns how many the target has otherwise */
async function copyRegistrations(
  rows: readonly RegistrationRow[],
  { db, rowsPerStatement }: Database,
): Promise<number> {
  await inParts(rows, rowsPerStatement, (part) =>
    db
      .insertInto('registration')
      .values(part)
      .onConflict((conflict) => conflict.doNothing())
      .execute(),
  );
  const keys = rows.map((row) => row.node_key);
  const found = await db.selectFrom('registration').selectAll().where('node_key', 'in', keys).execute();
  const byKey = new Map(found.map((row) => [row.node_key, canonical(row)]));
  return rows.filter((row) => byKey.get(row.node_key) !== canonical(row)).length;
}

function readQueued(db: Kysely<Tables>, after: number): Promise<QueuedPushRow[]> {
  return db.selectFrom('queued_push').selectAll().where('seq', '>', after).orderBy('seq').limit(together).execute();
}

/** @returns how many are not there afterwards */
async function copyQueued(rows: readonly QueuedPushRow[], { db, rowsPerStatement }: Database): Promise<number> {
  const fresh = rows.map(({ seq: _ownOrder, leased, ...row }) => ({ ...row, leased: leased === 0 ? 0 : 2 }));
  await inParts(fresh, rowsPerStatement, (part) =>
    db
      .insertInto('queued_push')
      .values(part)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute(),
  );
  const ids = rows.map(({ id }) => id);
  const found = await db.selectFrom('queued_push').select('id').where('id', 'in', ids).execute();
  return rows.length - found.length;
}

async function inParts<T>(
  rows: readonly T[],
  size: number,
  write: (part: readonly T[]) => Promise<unknown>,
): Promise<void> {
  const parts = Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => rows.slice(i * size, (i + 1) * size));
  // In their order, so that queued pushes keep theirs.
  if (size > 1) for (const part of parts) await write(part);
  else await Promise.all(parts.map(write));
}

/** Equal for equal rows, whatever the order of their columns. */
function canonical(row: RegistrationRow): string {
  return JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
