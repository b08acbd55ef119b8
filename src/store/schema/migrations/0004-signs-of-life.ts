import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { define } from './ddl.ts';

/** When a provider last knew the device's token; for housekeeping. NULL: from now on, whenever housekeeping comes by. */
export const signsOfLife: Migration = {
  async up(db: Kysely<unknown>) {
    await define(db, `ALTER TABLE registration ADD COLUMN alive_at_ms INTEGER`);
    await define(db, `CREATE INDEX registration_by_sign_of_life ON registration (app, alive_at_ms)`);
  },
};
