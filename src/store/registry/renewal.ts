import { sql } from 'kysely';
import type { Environment } from '../../core/registration.ts';
import type { RegistrationRow } from '../schema/tables.ts';

/** What a registration becomes when its device registers again with this row. */
export function renewalOf(row: RegistrationRow) {
  return {
    // A node says whether publishes must carry a secret.
    node: sql<string>`CASE WHEN (registration.secret IS NULL) = (excluded.secret IS NULL)
    THEN registration.node ELSE excluded.node END`,
    node_key: sql<string>`CASE WHEN (registration.secret IS NULL) = (excluded.secret IS NULL)
    THEN registration.node_key ELSE excluded.node_key END`,
    convention: row.convention,
    account: row.account,
    device: row.device,
    token: row.token,
    token_key: row.token_key,
    second_token: row.second_token,
    secret: row.secret === null ? null : sql<string>`coalesce(registration.secret, excluded.secret)`,
    environment: sql<Environment | null>`CASE WHEN registration.token_key = excluded.token_key THEN registration.environment END`,
    // Always later than before, whatever wall time does: `remove` tells registrations apart by it.
    registered_at_ms: sql<number>`CASE WHEN registration.registered_at_ms < excluded.registered_at_ms
    THEN excluded.registered_at_ms ELSE registration.registered_at_ms + 1 END`,
    accepted_at_ms: acceptedOfSameTokens,
    room: row.room,
    component: row.component,
    times_registered: sql<number>`CASE WHEN registration.removed_at_ms IS NOT NULL THEN 0
    WHEN registration.times_registered = 0 THEN 2 ELSE registration.times_registered + 1 END`,
    is_restored: 0,
    removed_at_ms: null,
    removal_reason: null,
    ...notesOfStanding,
  };
}

/** What an upsert keeps of the mark: none when a token changed, since a provider accepted nothing for the new one. */
const acceptedOfSameTokens = sql<number | null>`
  CASE WHEN registration.token_key = excluded.token_key
    AND registration.second_token IS NOT DISTINCT FROM excluded.second_token THEN registration.accepted_at_ms END`;

/** What an upsert keeps of the notes: nothing when the device had been removed, since it comes in anew. */
const notesOfStanding = {
  first_registered_at_ms: sql<number | null>`CASE WHEN registration.removed_at_ms IS NULL
    THEN registration.first_registered_at_ms ELSE excluded.first_registered_at_ms END`,
  published_at_ms: ofStanding<number>('published_at_ms'),
  publish_outcome: ofStanding<string>('publish_outcome'),
  pushed_at_ms: ofStanding<number>('pushed_at_ms'),
  push_result: ofStanding<string>('push_result'),
};

function ofStanding<T extends number | string>(column: string) {
  return sql<T | null>`CASE WHEN registration.removed_at_ms IS NULL THEN registration.${sql.ref(column)} END`;
}
