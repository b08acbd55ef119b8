/** Which registrations a statement is about. */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { RegistrationMatch } from '../../core/registration.ts';
import type { Tables } from '../schema/tables.ts';
import { foldedKey, shortKey } from '../../core/short-key.ts';

/** Devices are named by their token; by their id in conventions that have one; or by the node that they were given. */
export function matching({ account, token, app }: RegistrationMatch): RawBuilder<boolean> {
  const named = foldedKey(token);
  const anyApp = sql<boolean>`account_key = ${foldedKey(account)} 
    AND (token_key = ${named} OR device_key = ${named} OR node_key = ${shortKey(token)})`;
  return app === undefined ? anyApp : sql<boolean>`${anyApp} AND app = ${app}`;
}

/** A registration, unless it was renewed since. */
export function asOf(node: string, knownAtMs: number): RawBuilder<boolean> {
  return sql<boolean>`node_key = ${shortKey(node)} AND registered_at_ms <= ${knownAtMs}`;
}

/** Whether the store has a registration of this device, or the mark of a removed one. */
export async function hasDevice(
  db: Kysely<Tables>,
  { app, account, device }: { readonly app: string; readonly account: string; readonly device: string },
  as: 'registered' | 'removed',
): Promise<boolean> {
  const found = db
    .selectFrom('registration')
    .select('node_key')
    .where('account_key', '=', foldedKey(account))
    .where('device_key', '=', foldedKey(device))
    .where('app', '=', app)
    .where('removed_at_ms', as === 'removed' ? 'is not' : 'is', null);
  return (await found.executeTakeFirst()) !== undefined;
}

/** Whether an account has a registration in an app. */
export async function hasAccount(
  db: Kysely<Tables>,
  { app, account }: { readonly app: string; readonly account: string },
): Promise<boolean> {
  const found = db
    .selectFrom('registration')
    .select('node_key')
    .where('account_key', '=', foldedKey(account))
    .where('app', '=', app)
    .where('removed_at_ms', 'is', null)
    .limit(1);
  return (await found.executeTakeFirst()) !== undefined;
}
