import type { DatabaseSync } from 'node:sqlite';
import { OutboxError } from './outbox-error.ts';

/** "Seob" in the file's header says whose it is. */
const applicationId = 0x53656f62;
const schemaVersion = 1;

/**
 * `seq` is the order of arrival, so that a stepped clock does not make an old push the newest. The indexes: the order of
 * leases with all that filtering and counting needs; the next due time; the pushes of a registration; the next expiry.
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
 * Makes the table in an empty file; leaves one that has it as it is.
 * @throws OutboxError when the file is another program's or a newer Sealpost's
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
  database.exec(`
    BEGIN IMMEDIATE;
    PRAGMA application_id = ${applicationId};
    ${tables}
    PRAGMA user_version = ${schemaVersion};
    COMMIT;
  `);
}
