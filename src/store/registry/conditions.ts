/** Which registrations a statement is about. */
import { type RawBuilder, sql } from 'kysely';
import type { RegistrationMatch } from '../../core/registration.ts';
import { foldedKey, shortKey } from '../schema/short-key.ts';

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
