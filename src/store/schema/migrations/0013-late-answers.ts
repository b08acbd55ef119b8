import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { define } from './ddl.ts';

/** Answers that wait for another connection of their domain. It is nearly always empty, so that it needs no index. */
export const lateAnswers: Migration = {
  async up(db: Kysely<unknown>) {
    await define(
      db,
      `CREATE TABLE late_answer (
        seq INTEGER PRIMARY KEY,
        service TEXT NOT NULL,
        domain TEXT NOT NULL,
        handed_over_at_ms INTEGER NOT NULL,
        xml TEXT NOT NULL
      ) STRICT`,
    );
  },
};
