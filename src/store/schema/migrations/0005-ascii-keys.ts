import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Keys used to be folded by all of Unicode, and are folded by ASCII now (`foldCase`), as SQLite's `lower` does. Without
 * this, a device with other capital letters in its account would get a second node when it registers again, and could not
 * be unregistered. Keys that differed before differ still, so that no two rows come into conflict.
 */
export const asciiKeys: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`
      UPDATE registration
      SET account_key = lower(account), device_key = lower(device), token_key = lower(token)
      WHERE account_key <> lower(account) OR device_key <> lower(device) OR token_key <> lower(token)`.execute(db);
  },
};
