/** What bounds the registrations of one account. Without an account nothing says whose they are. */
import type { Kysely } from 'kysely';
import type { RegistrationRow, Tables } from '../schema/tables.ts';
import { registrationsPerAccount } from './contract.ts';

/** More than one only after devices came in at the same time. */
const displacedAtOnce = 10;

type Owner = Pick<RegistrationRow, 'account' | 'account_key' | 'app' | 'node_key'>;

/** Registrations of an account and app, apart from this one: present ones, or those that were removed. */
function ownedBy(db: Kysely<Tables>, { account_key: account, app, node_key: key }: Owner, isRemoved: boolean) {
  return db
    .selectFrom('registration')
    .where('account_key', '=', account)
    .where('app', '=', app)
    .where('node_key', '!=', key)
    .where('removed_at_ms', isRemoved ? 'is not' : 'is', null);
}

/**
 * The oldest registrations that have no room beside this one: a client that makes up devices without end displaces its own,
 * but never the one that is being registered, whatever wall time does.
 */
export async function findBeyond(
  db: Kysely<Tables>,
  owner: Owner,
): Promise<readonly Pick<RegistrationRow, 'node' | 'registered_at_ms'>[]> {
  if (!owner.account.includes('@')) return [];
  return ownedBy(db, owner, false)
    .select(['node', 'registered_at_ms'])
    .orderBy('registered_at_ms', 'desc')
    .limit(displacedAtOnce)
    .offset(registrationsPerAccount - 1)
    .execute();
}

/** Deletes the marks of removed registrations beyond as many as an account may have. */
export async function forgetBeyond(db: Kysely<Tables>, owner: Owner): Promise<void> {
  if (!owner.account.includes('@')) return;
  const forgotten = ownedBy(db, owner, true)
    .select('node_key')
    .orderBy('removed_at_ms', 'desc')
    .limit(displacedAtOnce)
    .offset(registrationsPerAccount);
  await db.deleteFrom('registration').where('node_key', 'in', forgotten).execute();
}

/** Whether an account has as many registrations as it may have, apart from this one. */
export async function isFull(db: Kysely<Tables>, owner: Owner): Promise<boolean> {
  if (!owner.account.includes('@')) return false;
  const last = ownedBy(db, owner, false)
    .select('node_key')
    .limit(1)
    .offset(registrationsPerAccount - 1);
  return (await last.executeTakeFirst()) !== undefined;
}

/** Whether an account has marks of removed registrations, apart from this one. */
export async function hasRemoved(db: Kysely<Tables>, owner: Owner): Promise<boolean> {
  const mark = ownedBy(db, owner, true).select('node_key').limit(1);
  return (await mark.executeTakeFirst()) !== undefined;
}
