import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { define } from './ddl.ts';

/** When a provider first accepted a push for the registration's token. */
export const acceptedMarks: Migration = {
  async up(db: Kysely<unknown>) {
    await define(db, `ALTER TABLE registration ADD COLUMN accepted_at_ms INTEGER`);
  },
};
