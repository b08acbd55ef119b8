import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** When a provider last knew the device's token; for housekeeping. NULL: from now on, whenever housekeeping comes by. */
export const signsOfLife: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`ALTER TABLE registration ADD COLUMN alive_at_ms INTEGER`.execute(db);
    await sql`CREATE INDEX registration_by_sign_of_life ON registration (app, alive_at_ms)`.execute(db);
  },
};
