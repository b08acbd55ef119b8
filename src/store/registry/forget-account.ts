import { type Kysely, sql } from 'kysely';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from '../../time/clock.ts';
import { foldedKey, shortKey } from '../../core/short-key.ts';
import { registrationColumns, type Tables } from '../schema/tables.ts';
import type { Forgotten } from './contract.ts';
import type { Domains } from './domains.ts';
import { toRegistration } from './rows.ts';

export interface ForgetAccountOptions {
  readonly db: Kysely<Tables>;
  readonly domains: Pick<Domains, 'count'>;
  readonly metrics: Pick<Metrics, 'registrations' | 'registrationsRemoved'>;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * Erases every row of an account: each becomes a mark that holds nothing but the hash of its node, in one statement. An
 * interruption before it leaves the account as it was.
 */
export async function forgetAccount(options: ForgetAccountOptions, account: string): Promise<Forgotten> {
  const { db, domains, metrics, clock } = options;
  const rows = await db
    .selectFrom('registration')
    .select([...registrationColumns, 'removed_at_ms'])
    .where('account_key', '=', foldedKey(account))
    .execute();
  if (rows.length === 0) return { registrations: [], marks: 0 };
  // Devices that were forgotten before and came back.
  const earlier = rows.map(({ node }) => forgottenKey(node));
  await db.deleteFrom('registration').where('node_key', 'in', earlier).execute();
  await db
    .updateTable('registration')
    .set({
      ...{ node_key: sql`'~' || substr(node_key, 2)`, device_key: sql`'~' || substr(node_key, 2)` },
      ...{ node: '', app: '', convention: '', account: '', account_key: '', device: null, token: '', token_key: '' },
      ...{ second_token: null, secret: null, account_hash: null, environment: null, room: null, component: null },
      ...{ registered_at_ms: 0, times_registered: 1, is_restored: 0, accepted_at_ms: null },
      ...{ first_registered_at_ms: null, published_at_ms: null, publish_outcome: null },
      ...{ pushed_at_ms: null, push_result: null, removed_at_ms: clock.now(), removal_reason: 'forgotten' },
    })
    .where('account_key', '=', foldedKey(account))
    .execute();
  const registrations = rows.filter((row) => row.removed_at_ms === null).map(toRegistration);
  for (const { app } of registrations) {
    metrics.registrationsRemoved.inc({ app, reason: 'forgotten' });
    metrics.registrations.dec({ app });
  }
  await domains.count(registrations, 'gone');
  return { registrations, marks: rows.length - registrations.length };
}

/** What a forgotten node is recognised by when it comes again. No other key begins so. */
export function forgottenKey(node: string): string {
  return `~${shortKey(node).slice(1)}`;
}
