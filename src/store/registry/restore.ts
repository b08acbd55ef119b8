import type { Kysely } from 'kysely';
import type { Registration } from '../../core/registration.ts';
import { toRow } from './rows.ts';
import type { Tables } from './tables.ts';

/**
 * Puts a registration back as it was, or only the second token that it lost. The tombstone goes last: to have one while
 * the registration is there is harmless, the reverse is not.
 * @returns what came back; undefined when its device is registered with another node by now
 */
export async function restore(
  db: Kysely<Tables>,
  registration: Registration,
): Promise<'back' | 'second-token' | undefined> {
  const { node, secret, accountHash, environment, secondToken, registeredAtMs } = registration;
  const row = toRow({ ...registration, withSecret: false }, node, secret ?? null, registeredAtMs);
  const { numInsertedOrUpdatedRows: inserted } = await db
    .insertInto('registration')
    .values({ ...row, account_hash: accountHash ?? null, environment: environment ?? null })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  if (secondToken !== undefined) {
    await db
      .updateTable('registration')
      .set({ second_token: secondToken })
      .where('node', '=', node)
      .where('registered_at_ms', '=', registeredAtMs)
      .where('second_token', 'is', null)
      .execute();
  }
  const isBack = await db.selectFrom('registration').select('node').where('node', '=', node).executeTakeFirst();
  if (!isBack) return undefined;
  // It may have been unregistered since.
  await db
    .deleteFrom('removed_node')
    .where('node', '=', node)
    .where(({ exists, selectFrom }) => exists(selectFrom('registration').select('node').where('node', '=', node)))
    .execute();
  return inserted === 1n ? 'back' : 'second-token';
}
