import { sql } from 'kysely';
import type { Database } from '../engine/database.ts';
import { shortKey } from '../../core/short-key.ts';
import type { DeviceNote } from './contract.ts';

/**
 * Notes what happened to devices, in one statement with one parameter, so that composing it costs nothing. On PostgreSQL
 * rows are locked in one order: processes that note the same devices do not wait for each other in a circle.
 */
export async function noteDevices(
  { db, isShared }: Pick<Database, 'db' | 'isShared'>,
  batch: readonly DeviceNote[],
): Promise<void> {
  if (batch.length === 0) return;
  const text = JSON.stringify(
    batch.map(({ node, registeredAtMs, published, pushed, acceptedAtMs }) => [
      ...[shortKey(node), registeredAtMs, published?.atMs ?? null, published?.outcome ?? null],
      ...[pushed?.atMs ?? null, pushed?.result ?? null, acceptedAtMs ?? null],
    ]),
  );
  const notes = isShared ? sql`json_array_elements(CAST(${text} AS json))` : sql`json_each(${text})`;
  const locking = isShared
    ? sql`, locked AS (
        SELECT node_key FROM registration WHERE node_key IN (SELECT node_key FROM note)
        ORDER BY node_key FOR NO KEY UPDATE)`
    : sql``;
  await sql`
    WITH note AS (
      SELECT value ->> 0 AS node_key, CAST(value ->> 1 AS BIGINT) AS registered_at_ms,
        CAST(value ->> 2 AS BIGINT) AS published_at_ms, value ->> 3 AS publish_outcome,
        CAST(value ->> 4 AS BIGINT) AS pushed_at_ms, value ->> 5 AS push_result,
        CAST(value ->> 6 AS BIGINT) AS accepted_at_ms
      FROM ${notes}
    )${locking}
    UPDATE registration SET
      published_at_ms = coalesce(note.published_at_ms, registration.published_at_ms),
      publish_outcome = coalesce(note.publish_outcome, registration.publish_outcome),
      pushed_at_ms = coalesce(note.pushed_at_ms, registration.pushed_at_ms),
      push_result = coalesce(note.push_result, registration.push_result),
      accepted_at_ms = coalesce(registration.accepted_at_ms, note.accepted_at_ms)
    FROM note
    WHERE registration.node_key = note.node_key AND registration.registered_at_ms = note.registered_at_ms
      ${isShared ? sql`AND registration.node_key IN (SELECT node_key FROM locked)` : sql``}`.execute(db);
}
