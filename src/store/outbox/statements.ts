/** The statements of the outbox, each whole by itself, for SQLite and PostgreSQL. */
import { type Insertable, type Kysely, type RawBuilder, sql } from 'kysely';
import type { QueuedPushTable, Tables } from '../tables.ts';
import type { Counted } from './counters.ts';
import { type LeasedRow, queuedPushColumns } from './stored-push.ts';

type Database = Kysely<Tables>;

const counted = ['app', 'domain', 'bytes'] as const;

/** Stores pushes; those whose id is known stay as they were. @returns those that are new */
export function insert(db: Database, rows: readonly Insertable<QueuedPushTable>[]): Promise<Counted[]> {
  return db
    .insertInto('queued_push')
    .values(rows)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning(counted)
    .execute();
}

/** Removes the oldest pushes of registrations that have more than `limit`; leased ones are counted apart. */
export async function trim(db: Database, nodes: readonly string[], limit: number): Promise<Counted[]> {
  const ranked = db
    .selectFrom('queued_push')
    .select(['seq', sql<number>`row_number() OVER (PARTITION BY node, is_leased ORDER BY seq DESC)`.as('place')])
    .where('node', 'in', nodes)
    .as('ranked');
  const beyond = db.selectFrom(ranked).select('ranked.seq').where('ranked.place', '>', limit);
  return db.deleteFrom('queued_push').where('seq', 'in', beyond).returning(counted).execute();
}

export function complete(db: Database, ids: readonly string[]): Promise<Counted[]> {
  return db.deleteFrom('queued_push').where('id', 'in', ids).returning(counted).execute();
}

export async function reschedule(db: Database, id: string, dueAtMs: number, attempts: number): Promise<void> {
  await db
    .updateTable('queued_push')
    .set({ due_at_ms: dueAtMs, attempts, is_leased: 0 })
    .where('id', '=', id)
    .execute();
}

export function removeNode(db: Database, node: string): Promise<Counted[]> {
  return db.deleteFrom('queued_push').where('node', '=', node).returning(counted).execute();
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
 * Leases due pushes of one domain: of the registrations whose pushes fell due first, the newest push each.
 * @param locking what keeps two processes from waiting for each other
 */
export async function leaseDomain(
  db: Database,
  { app, call, nowMs }: Wanted,
  domain: string,
  { limit, endsAtMs, locking }: { readonly limit: number; readonly endsAtMs: number; readonly locking: RawBuilder<unknown> },
): Promise<LeasedRow[]> {
  const { rows } = await sql<LeasedRow>`
    UPDATE queued_push SET is_leased = 1, due_at_ms = ${endsAtMs}
    WHERE seq IN (
      SELECT seq FROM queued_push WHERE seq IN (
        SELECT (
          SELECT newest.seq FROM queued_push newest
          WHERE newest.node = due.node AND newest.app = ${app} AND newest.call = ${call}
            AND newest.due_at_ms <= ${nowMs} AND newest.give_up_at_ms > ${nowMs}
          ORDER BY newest.seq DESC LIMIT 1)
        FROM (
          SELECT node FROM queued_push
          WHERE app = ${app} AND call = ${call} AND domain = ${domain}
            AND due_at_ms <= ${nowMs} AND give_up_at_ms > ${nowMs}
          ORDER BY due_at_ms LIMIT ${limit}) AS due
      ) AND due_at_ms <= ${nowMs} ${locking}
    )
    RETURNING ${sql.join(queuedPushColumns.map((name) => sql.ref(name)))}`.execute(db);
  return rows;
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

/** Ends all leases. What was leased stays marked: a provider may have it. */
export async function endLeases(db: Database, nowMs: number): Promise<void> {
  await db.updateTable('queued_push').set({ due_at_ms: nowMs }).where(sql<boolean>`is_leased = 1`).execute();
}

/** How many wait, with a row for each app and domain. */
export async function countAll(db: Database): Promise<(Counted & { readonly depth: number })[]> {
  const rows = await db
    .selectFrom('queued_push')
    .select(['app', 'domain', (eb) => eb.fn.countAll<number>().as('depth'), (eb) => eb.fn.sum<number>('bytes').as('bytes')])
    .groupBy(['app', 'domain'])
    .execute();
  return rows.map(({ app, domain, depth, bytes }) => ({ app, domain, depth: Number(depth), bytes: Number(bytes) }));
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
