import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { define } from './ddl.ts';

/** What an operator asks about a device: since when it is registered, its latest publish and push, and what became of both. */
export const deviceNotes: Migration = {
  async up(db: Kysely<unknown>) {
    await define(db, `ALTER TABLE registration ADD COLUMN first_registered_at_ms INTEGER`);
    await define(db, `ALTER TABLE registration ADD COLUMN published_at_ms INTEGER`);
    await define(db, `ALTER TABLE registration ADD COLUMN publish_outcome TEXT`);
    await define(db, `ALTER TABLE registration ADD COLUMN pushed_at_ms INTEGER`);
    await define(db, `ALTER TABLE registration ADD COLUMN push_result TEXT`);
  },
};
