import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { define } from './ddl.ts';

/**
 * Removing is a mark from now on, which one statement sets and another one takes back. The tombstones of before become
 * removed registrations of which no more is known than their nodes.
 */
export const removalMarks: Migration = {
  async up(db: Kysely<unknown>) {
    await define(db, `ALTER TABLE registration ADD COLUMN removed_at_ms INTEGER`);
    await define(db, `ALTER TABLE registration ADD COLUMN removal_reason TEXT`);
    await sql`
      INSERT INTO registration (node, app, convention, account, account_key, device, device_key, token, token_key,
        registered_at_ms, removed_at_ms, removal_reason)
      SELECT node, '', '', '', '', node, node, '', '', 0, removed_at_ms, reason FROM removed_node
      WHERE node NOT IN (SELECT node FROM registration)`.execute(db);
    await define(db, `DROP TABLE removed_node`);
    await define(
      db,
      `CREATE INDEX registration_by_removal ON registration (removed_at_ms) WHERE removed_at_ms IS NOT NULL`,
    );
  },
};
