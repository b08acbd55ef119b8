import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What p2 keeps in place of accounts, for registrations that are taken over from it. */
export const accountHash: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`ALTER TABLE registration ADD COLUMN account_hash TEXT`.execute(db);
  },
};
