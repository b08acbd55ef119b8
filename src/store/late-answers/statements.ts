/** The statements of late answers, each whole by itself, for SQLite and PostgreSQL. */
import { type Insertable, type Kysely, sql } from 'kysely';
import type { LateAnswerTable, Tables } from '../schema/tables.ts';
import type { LinkName } from './contract.ts';

/** A row that was taken. */
export type TakenRow = LateAnswerTable & { readonly seq: number };

export async function insert(db: Kysely<Tables>, rows: readonly Insertable<LateAnswerTable>[]): Promise<void> {
  await db.insertInto('late_answer').values(rows).execute();
}

/** How many wait. */
export async function count(db: Kysely<Tables>): Promise<number> {
  const { answers } = await db
    .selectFrom('late_answer')
    .select((eb) => eb.fn.countAll<number>().as('answers'))
    .executeTakeFirstOrThrow();
  return answers;
}

/** Which answers to take. */
export interface Wanted {
  readonly links: readonly LinkName[];
  /** Those that were handed over at this time or before are taken whatever link they are for. Milliseconds since 1970. */
  readonly expiredAtMs: number;
  readonly limit: number;
}

/**
 * Removes the oldest answers that are wanted and returns them, in the order in which they were handed over. What one process
 * takes at the same time no other one gets: on PostgreSQL it passes over what others have locked. MATERIALIZED, so that the
 * rows are chosen once, whatever the plan.
 */
export async function take(
  db: Kysely<Tables>,
  { links, expiredAtMs, limit }: Wanted,
  isShared: boolean,
): Promise<TakenRow[]> {
  const isFor = links.map(({ service, domain }) => sql`(service = ${service} AND domain = ${domain})`);
  const isWanted = sql.join([sql`handed_over_at_ms <= ${expiredAtMs}`, ...isFor], sql` OR `);
  const locking = isShared ? sql`FOR UPDATE SKIP LOCKED` : sql``;
  const { rows } = await sql<TakenRow>`
    WITH chosen AS MATERIALIZED (
      SELECT seq FROM late_answer WHERE ${isWanted} ORDER BY seq LIMIT ${limit} ${locking}
    )
    DELETE FROM late_answer WHERE seq IN (SELECT seq FROM chosen)
    RETURNING seq, service, domain, handed_over_at_ms, xml`.execute(db);
  return rows.toSorted((one, other) => one.seq - other.seq);
}
