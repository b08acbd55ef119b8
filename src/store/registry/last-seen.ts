import type { Kysely } from 'kysely';
import type { Registration } from '../../core/registration.ts';
import { registrationColumns, toRegistration } from './rows.ts';
import type { Tables } from './tables.ts';

/** A sign is written down anew only when the one that is there is older: a row is not written for each push. */
const writtenAtMostEveryMs = 86_400_000;

/** Rows a statement, so that notifications are looked up in between. */
export const SIGN_BATCH = 200;

/** The provider knew the tokens of these at that time; at most `SIGN_BATCH`. */
export async function noteAlive(db: Kysely<Tables>, nodes: readonly string[], atMs: number): Promise<void> {
  if (nodes.length === 0) return;
  await db
    .updateTable('registration')
    .set({ alive_at_ms: atMs })
    .where('node', 'in', nodes)
    .where((eb) => eb.or([eb('alive_at_ms', 'is', null), eb('alive_at_ms', '<', atMs - writtenAtMostEveryMs)]))
    .execute();
}

/**
 * The registrations of an app that gave no sign of life since `beforeMs`, at most `SIGN_BATCH`. Those of which nothing is
 * known, because they are new or came from elsewhere, are taken for alive at `nowMs`, as many at a time.
 */
export async function findSilent(
  db: Kysely<Tables>,
  { app, beforeMs, nowMs, after }: SilentQuery,
): Promise<readonly Registration[]> {
  const unknown = db
    .selectFrom('registration')
    .select('node')
    .where('app', '=', app)
    .where('alive_at_ms', 'is', null)
    .limit(SIGN_BATCH);
  let stamped = SIGN_BATCH;
  while (stamped === SIGN_BATCH) {
    const result = await db
      .updateTable('registration')
      .set({ alive_at_ms: nowMs })
      .where('node', 'in', unknown)
      .executeTakeFirst();
    stamped = Number(result.numUpdatedRows);
    await new Promise(setImmediate);
  }
  const rows = await db
    .selectFrom('registration')
    .select(registrationColumns)
    .where('app', '=', app)
    .where('alive_at_ms', '<', beforeMs)
    .where('node', '>', after)
    .orderBy('node')
    .limit(SIGN_BATCH)
    .execute();
  return rows.map(toRegistration);
}

/** Milliseconds since 1970; `after`: only nodes behind this one, to go on where the last answer ended. */
export interface SilentQuery {
  readonly app: string;
  readonly beforeMs: number;
  readonly nowMs: number;
  readonly after: string;
}
