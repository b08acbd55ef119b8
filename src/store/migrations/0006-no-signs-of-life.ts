import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Silent devices are no longer asked about: the index would cost each registering a write. The column stays, unused. */
export const noSignsOfLife: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`DROP INDEX IF EXISTS registration_by_sign_of_life`.execute(db);
  },
};
