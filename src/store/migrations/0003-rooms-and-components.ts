import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Rooms that publish for themselves, and the domain of ours that a client registered at. */
export const roomsAndComponents: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`ALTER TABLE registration ADD COLUMN room TEXT`.execute(db);
    await sql`ALTER TABLE registration ADD COLUMN component TEXT`.execute(db);
  },
};
