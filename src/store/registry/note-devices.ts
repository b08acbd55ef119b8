import { type Kysely, sql } from 'kysely';
import type { Registry } from './contract.ts';
import { shortKey } from '../schema/short-key.ts';
import type { Tables } from '../schema/tables.ts';

/** Marks registrations whose token a provider accepted, in one statement. */
export async function noteAccepted(
  db: Kysely<Tables>,
  batch: Parameters<Registry['noteAccepted']>[0],
  nowMs: number,
): Promise<void> {
  if (batch.length === 0) return;
  const pairs = batch.map(({ node, registeredAtMs }) => sql`(${shortKey(node)}, CAST(${registeredAtMs} AS BIGINT))`);
  await db
    .updateTable('registration')
    .set({ accepted_at_ms: nowMs })
    .where('accepted_at_ms', 'is', null)
    .where(sql<boolean>`(node_key, registered_at_ms) IN (VALUES ${sql.join(pairs)})`)
    .execute();
}

/** What an upsert keeps of the mark: none when a token changed, since a provider accepted nothing for the new one. */
export const acceptedOfSameTokens = sql<number | null>`
  CASE WHEN registration.token_key = excluded.token_key
    AND registration.second_token IS NOT DISTINCT FROM excluded.second_token THEN registration.accepted_at_ms END`;
