import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { define } from './ddl.ts';

/** Silent devices are no longer asked about: the index would cost each registering a write. The column stays, unused. */
export const noSignsOfLife: Migration = {
  async up(db: Kysely<unknown>) {
    await define(db, `DROP INDEX IF EXISTS registration_by_sign_of_life`);
  },
};
