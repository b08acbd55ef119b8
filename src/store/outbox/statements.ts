/** The statements of the outbox, each whole by itself, for SQLite and PostgreSQL. */
import { type Insertable, type Kysely, type RawBuilder, sql } from 'kysely';
import type { QueuedPushTable, Tables } from '../schema/tables.ts';
import type { Counted } from './counters.ts';
import type { QueueOfDevice } from './contract.ts';
import { executeForm } from './forms.ts';
import { type LeasedRow, queuedPushColumns } from './stored-push.ts';

type Database = Kysely<Tables>;

const counted = ['app', 'domain', 'bytes'] as const;

/** Stores pushes; those whose id is known stay as they were. @returns those that are new */
export async function insert(db: Database, rows: readonly Insertable<QueuedPushTable>[]): Promise<readonly Counted[]> {
  const [first] = rows;
  if (!first) return [];
  const columns = Object.keys(first) as (keyof typeof first)[];
  const parameters = rows.flatMap((row) => columns.map((column) => row[column]));
  const compose = () =>
    db
      .insertInto('queued_push')
      .values(rows)
      .onConflict((conflict) => conflict.column('id').doNothing());
  if (rows.length === 1) {
    const { numAffectedRows = 0n } = await executeForm(db, 'insert one', compose, parameters);
    return numAffectedRows > 0n ? rows : [];
  }
  return (await executeForm(db, `insert ${rows.length}`, () => compose().returning(counted), parameters)).rows;
}

/**
 * Removes the oldest pushes of registrations that have more than `limit`. Those that a process left leased when it died are
 * counted apart: a provider may have them, so that they displace none that no provider has.
 */
export async function trim(db: Database, nodes: readonly string[], limit: number): Promise<readonly Counted[]> {
  const compose = () => {
    const ranked = db
      .selectFrom('queued_push')
      .select(['seq', sql<number>`row_number() OVER (PARTITION BY node, leased = 2 ORDER BY seq DESC)`.as('place')])
      .where('node', 'in', nodes)
      .as('ranked');
    const beyond = db.selectFrom(ranked).select('ranked.seq').where('ranked.place', '>', limit);
    return db.deleteFrom('queued_push').where('seq', 'in', beyond).returning(counted);
  };
  return (await executeForm(db, `trim ${nodes.length}`, compose, [...nodes, limit])).rows;
}

export async function complete(db: Database, ids: readonly string[]): Promise<readonly Counted[]> {
  const compose = () => db.deleteFrom('queued_push').where('id', 'in', ids).returning(counted);
  return (await executeForm(db, `complete ${ids.length}`, compose, ids)).rows;
}

export async function reschedule(db: Database, id: string, dueAtMs: number, attempts: number): Promise<void> {
  const compose = () =>
    db
      .updateTable('queued_push')
      .set({ due_at_ms: dueAtMs, attempts, leased: sql`CASE WHEN leased = 2 THEN 2 ELSE 0 END` })
      .where('id', '=', id);
  await executeForm(db, 'reschedule', compose, [dueAtMs, attempts, id]);
}

export function removeNode(db: Database, node: string): Promise<Counted[]> {
  return db.deleteFrom('queued_push').where('node', '=', node).returning(counted).execute();
}

/** How many pushes of a registration are queued, and when the next one is due. */
export async function queueOf(db: Database, node: string): Promise<QueueOfDevice> {
  const { pushes, dueAtMs } = await db
    .selectFrom('queued_push')
    .select((eb) => [eb.fn.countAll<number | string>().as('pushes'), eb.fn.min('due_at_ms').as('dueAtMs')])
    .where('node', '=', node)
    .executeTakeFirstOrThrow();
  return { pushes: Number(pushes), ...(dueAtMs !== null && { nextDueAtMs: dueAtMs }) };
}

/** Removes at most `limit` pushes past their time. */
export function expire(db: Database, nowMs: number, limit: number): Promise<Counted[]> {
  const expired = db
    .selectFrom('queued_push')
    .select('seq')
    .where('give_up_at_ms', '<=', nowMs)
    .orderBy('give_up_at_ms')
    .limit(limit);
  return db.deleteFrom('queued_push').where('seq', 'in', expired).returning(counted).execute();
}

/** Which pushes to lease. */
export interface Wanted {
  readonly app: string;
  /** 1: calls. */
  readonly call: 0 | 1;
  readonly nowMs: number;
}

/**
 * Domains with due pushes in alphabetical order, at most `limit`, beginning after `after`. Jumps along the index from one
 * domain to the next, so that a domain with a million pushes costs no more than one with one.
 */
export async function dueDomains(
  db: Database,
  { app, call, nowMs }: Wanted,
  after: string,
  limit: number,
): Promise<string[]> {
  const next = (than: RawBuilder<unknown>) => sql`(
    SELECT min(q.domain) FROM queued_push q WHERE q.app = ${app} AND q.call = ${call} AND q.domain > ${than})`;
  const { rows } = await sql<{ domain: string }>`
    WITH RECURSIVE found (domain) AS (
      SELECT ${next(sql`${after}`)}
      UNION ALL
      SELECT ${next(sql`found.domain`)} FROM found WHERE found.domain IS NOT NULL
    )
    SELECT domain FROM found
    WHERE domain IS NOT NULL AND EXISTS (
      SELECT 1 FROM queued_push d
      WHERE d.app = ${app} AND d.call = ${call} AND d.domain = found.domain AND d.due_at_ms <= ${nowMs})
    LIMIT ${limit}`.execute(db);
  return rows.map(({ domain }) => domain);
}

/**
 * Takes due pushes of one domain in the order in which they fell due, and leases the newest of each registration, as many as
 * fell due. Without `|| ''` and CROSS JOIN, SQLite would walk all due pushes of the domain.
 * @param locking what keeps two processes from waiting for each other
 */
export async function leaseDomain(
  db: Database,
  { app, call, nowMs }: Wanted,
  domain: string,
  { limit, endsAtMs, locking }: LeaseDetails,
): Promise<LeasedRow[]> {
  const isDue = sql`q.call = ${call} AND q.due_at_ms <= ${nowMs} AND q.give_up_at_ms > ${nowMs}`;
  const { rows } = await sql<LeasedRow>`
    UPDATE queued_push SET leased = CASE WHEN leased = 0 THEN 1 ELSE 2 END, due_at_ms = ${endsAtMs}
    WHERE seq IN (
      SELECT seq FROM queued_push WHERE due_at_ms <= ${nowMs} AND seq IN (
        WITH due AS (
          SELECT q.node FROM queued_push q
          WHERE q.app = ${app} AND q.domain = ${domain} AND ${isDue} ORDER BY q.due_at_ms LIMIT ${limit}
        ), wanted AS (
          SELECT node, count(*) AS pushes FROM due GROUP BY node
        ), ranked AS (
          SELECT q.seq, wanted.pushes, row_number() OVER (PARTITION BY q.node ORDER BY q.seq DESC) AS place
          FROM wanted CROSS JOIN queued_push q
          WHERE q.node = wanted.node AND q.app || '' = ${app} AND q.domain || '' = ${domain} AND ${isDue}
        )
        SELECT seq FROM ranked WHERE place <= pushes
      ) ${locking}
    )
    RETURNING ${sql.join(queuedPushColumns.map((name) => sql.ref(name)))}`.execute(db);
  return rows;
}

export interface LeaseDetails {
  readonly limit: number;
  /** When the lease ends by itself, milliseconds since 1970. */
  readonly endsAtMs: number;
  readonly locking: RawBuilder<unknown>;
}

/** When the next push of an app is due, or a lease ends; undefined: none is queued. */
export async function nextDue(db: Database, app: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('queued_push')
    .select((eb) => eb.fn.min('due_at_ms').as('dueAtMs'))
    .where('app', '=', app)
    .executeTakeFirst();
  return row?.dueAtMs ?? undefined;
}

/** Makes pushes of an app due that are due later than any pause lasts: the clock was set back meanwhile. */
export async function capDue(db: Database, app: string, nowMs: number, latestMs: number): Promise<void> {
  await db
    .updateTable('queued_push')
    .set({ due_at_ms: nowMs })
    .where('app', '=', app)
    .where('due_at_ms', '>', latestMs)
    .execute();
}

/** When the newest push was stored; undefined: none is queued. */
export async function newestStoredAt(db: Database): Promise<number | undefined> {
  const row = await db
    .selectFrom('queued_push')
    .select('stored_at_ms as storedAtMs')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.storedAtMs;
}

/** Ends all leases, which nobody holds any more. */
export async function endLeases(db: Database, nowMs: number): Promise<void> {
  await db
    .updateTable('queued_push')
    .set({ due_at_ms: nowMs, leased: 2 })
    .where(sql<boolean>`leased > 0`)
    .execute();
}

/** How many pushes of a registration newer ones may displace. */
export async function countOf(db: Database, node: string): Promise<number> {
  const row = await db
    .selectFrom('queued_push')
    .select((eb) => eb.fn.countAll<number>().as('pushes'))
    .where('node', '=', node)
    .where('leased', '!=', 2)
    .executeTakeFirst();
  return row?.pushes ?? 0;
}

/** How many wait, with a row for each app and domain. */
export async function countAll(db: Database): Promise<(Counted & { readonly depth: number })[]> {
  const rows = await db
    .selectFrom('queued_push')
    .select([
      'app',
      'domain',
      (eb) => eb.fn.countAll<number>().as('depth'),
      (eb) => eb.fn.sum<number>('bytes').as('bytes'),
    ])
    .groupBy(['app', 'domain'])
    .execute();
  return rows;
}

/** When the oldest push of an app was stored; undefined: none is queued. */
export async function oldest(db: Database, app: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('queued_push')
    .select('stored_at_ms as storedAtMs')
    .where('app', '=', app)
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst();
  return row?.storedAtMs;
}
