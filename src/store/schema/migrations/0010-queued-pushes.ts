import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { define } from './ddl.ts';

/**
 * The outbox. `seq` is the order of arrival, so that a clock that was set does not reorder pushes. The indexes serve
 * leasing by domain, the next due time, the pushes of a registration, and expiry.
 */
export const queuedPushes: Migration = {
  async up(db: Kysely<unknown>) {
    await define(
      db,
      `CREATE TABLE queued_push (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        app TEXT NOT NULL,
        domain TEXT NOT NULL,
        node TEXT NOT NULL,
        call INTEGER NOT NULL,
        target TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        stored_at_ms INTEGER NOT NULL,
        due_at_ms INTEGER NOT NULL,
        give_up_at_ms INTEGER NOT NULL,
        leased INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        push TEXT NOT NULL
      ) STRICT`,
    );
    await define(db, `CREATE INDEX queued_push_by_domain ON queued_push (app, call, domain, due_at_ms)`);
    await define(db, `CREATE INDEX queued_push_by_due ON queued_push (app, due_at_ms)`);
    await define(db, `CREATE INDEX queued_push_by_node ON queued_push (node, seq)`);
    await define(db, `CREATE INDEX queued_push_by_give_up ON queued_push (give_up_at_ms)`);
    // Few are leased at a time, and a start asks for all of them.
    await define(db, `CREATE INDEX queued_push_leased ON queued_push (seq) WHERE leased > 0`);
    // Covers the statistics, which are asked for while a million pushes wait.
    await define(db, `CREATE INDEX queued_push_by_age ON queued_push (app, seq, domain, bytes)`);
  },
};
