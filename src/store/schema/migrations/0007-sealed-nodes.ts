import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { define, isPostgres } from './ddl.ts';

/**
 * Nodes say what they stand for from now on. A store that has registrations or tombstones has made random nodes, and may
 * have imported others: what no node key opens may then be ours. Whether a registration was inserted or renewed no longer
 * shows in its node, so that a column counts.
 */
export const sealedNodes: Migration = {
  async up(db: Kysely<unknown>) {
    await define(db, `ALTER TABLE registration ADD COLUMN times_registered INTEGER NOT NULL DEFAULT 1`);
    await define(db, `ALTER TABLE registration ADD COLUMN is_restored INTEGER NOT NULL DEFAULT 0`);
    await define(db, `CREATE TABLE unsealed_nodes (kind TEXT NOT NULL PRIMARY KEY) STRICT`);
    // A store in PostgreSQL has never had any others.
    if (isPostgres(db)) return;
    await sql`
      INSERT INTO unsealed_nodes (kind)
      SELECT 'random' WHERE EXISTS (SELECT 1 FROM registration) OR EXISTS (SELECT 1 FROM removed_node)`.execute(db);
    await sql`
      INSERT INTO unsealed_nodes (kind)
      SELECT 'imported'
      WHERE EXISTS (SELECT 1 FROM registration WHERE length(node) <> 32 OR node GLOB '*[^A-Za-z0-9_-]*')
        OR EXISTS (SELECT 1 FROM removed_node WHERE length(node) <> 32 OR node GLOB '*[^A-Za-z0-9_-]*')`.execute(db);
  },
};
