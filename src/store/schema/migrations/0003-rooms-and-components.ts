import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { define } from './ddl.ts';

/** Rooms that publish for themselves, and the domain of ours that a client registered at. */
export const roomsAndComponents: Migration = {
  async up(db: Kysely<unknown>) {
    await define(db, `ALTER TABLE registration ADD COLUMN room TEXT`);
    await define(db, `ALTER TABLE registration ADD COLUMN component TEXT`);
  },
};
