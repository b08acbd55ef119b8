import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { define } from './ddl.ts';

/** What p2 keeps in place of accounts, for registrations that are taken over from it. */
export const accountHash: Migration = {
  async up(db: Kysely<unknown>) {
    await define(db, `ALTER TABLE registration ADD COLUMN account_hash TEXT`);
  },
};
