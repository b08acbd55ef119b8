import type { DatabaseSync } from 'node:sqlite';
import { OutboxError } from './outbox-error.ts';

/** "Seob" in the file's header marks it as ours. */
const applicationId = 0x53656f62;
const schemaVersion = 2;

/**
 * `seq` is the order of arrival, so that a clock that was set does not reorder pushes. The indexes serve leasing with
 * all that filtering and counting needs, the next due time, the pushes of a registration, the next expiry.
 */
const tables = `
  CREATE TABLE queued_push (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    app TEXT NOT NULL,
    node TEXT NOT NULL,
    call INTEGER NOT NULL,
    target TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    stored_at_ms INTEGER NOT NULL,
    due_at_ms INTEGER NOT NULL,
    give_up_at_ms INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    push TEXT NOT NULL
  ) STRICT;
  CREATE INDEX owed_by_claim ON queued_push (app, call, seq, due_at_ms, bytes);
  CREATE INDEX owed_by_due ON queued_push (app, due_at_ms);
  CREATE INDEX owed_by_node ON queued_push (node);
  CREATE INDEX owed_by_give_up ON queued_push (give_up_at_ms);
`;

/**
 * Pushes that were leased but neither completed nor rescheduled, with the run of the outbox. A small table of its own,
 * since marking a push in its own row would write one or two pages per push.
 */
const leasedTable = `
  CREATE TABLE leased (
    seq INTEGER PRIMARY KEY REFERENCES queued_push (seq) ON DELETE CASCADE,
    run INTEGER NOT NULL
  ) STRICT;
`;

/**
 * Name of the table of pushes, which differs by version: the table that has this index.
 * @returns undefined if there is none
 */
export function findPushTable(database: DatabaseSync): string | undefined {
  const index = database.prepare("SELECT tbl_name FROM sqlite_schema WHERE name = 'owed_by_claim'").get();
  return index && String(index['tbl_name']);
}

/**
 * Creates the tables in an empty file, and migrates the file of an older version.
 * @throws OutboxError if the file belongs to another program or a newer Sealpost
 */
export function ensureSchema(database: DatabaseSync, path: string): void {
  const origin = Number(database.prepare('PRAGMA application_id').get()?.['application_id']);
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  const objects = Number(database.prepare('SELECT count(*) AS objects FROM sqlite_schema').get()?.['objects']);
  if (origin !== applicationId && (origin !== 0 || objects !== 0)) {
    const hint = 'Move it away, or name another file under store: in the config; the outbox lies beside it.';
    throw new OutboxError(`${path} is the database of another program`, hint);
  }
  if (version > schemaVersion) {
    const hint = 'Start that version again. If its queued pushes may be lost, move the file away instead.';
    throw new OutboxError(`${path} was written by a newer Sealpost (version ${version} of the table)`, hint);
  }
  if (version === schemaVersion) return;
  const earlier = findPushTable(database);
  database.exec(`
    BEGIN IMMEDIATE;
    PRAGMA application_id = ${applicationId};
    ${earlier === undefined ? tables : `ALTER TABLE "${earlier}" RENAME TO queued_push;`}
    ${leasedTable}
    PRAGMA user_version = ${schemaVersion};
    COMMIT;
  `);
}
