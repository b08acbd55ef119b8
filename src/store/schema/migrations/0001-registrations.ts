import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { define } from './ddl.ts';

/** Registrations and the tombstones of removed ones. */
export const registrations: Migration = {
  async up(db: Kysely<unknown>) {
    await define(
      db,
      `CREATE TABLE registration (
        node TEXT NOT NULL PRIMARY KEY,
        app TEXT NOT NULL,
        convention TEXT NOT NULL,
        account TEXT NOT NULL,
        account_key TEXT NOT NULL,
        device TEXT NOT NULL,
        device_key TEXT NOT NULL,
        token TEXT NOT NULL,
        token_key TEXT NOT NULL,
        second_token TEXT,
        secret TEXT,
        environment TEXT,
        registered_at_ms INTEGER NOT NULL,
        UNIQUE (account_key, device_key, app)
      ) STRICT`,
    );
    await define(
      db,
      `CREATE TABLE removed_node (
        node TEXT NOT NULL PRIMARY KEY,
        reason TEXT NOT NULL,
        removed_at_ms INTEGER NOT NULL
      ) STRICT`,
    );
    await define(db, `CREATE INDEX removed_node_by_age ON removed_node (removed_at_ms)`);
  },
};
