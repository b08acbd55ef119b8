import type { DatabaseSync } from 'node:sqlite';

/** The table of registrations as the migrations up to 0010 made it. */
const tableBefore = `CREATE TABLE registration_10 (
  node TEXT NOT NULL PRIMARY KEY,
  app TEXT NOT NULL,
  convention TEXT NOT NULL,
  account TEXT NOT NULL,
  account_key TEXT NOT NULL,
  device TEXT NOT NULL,
  device_key TEXT NOT NULL,
  token TEXT NOT NULL,
  token_key TEXT NOT NULL,
  second_token TEXT,
  secret TEXT,
  environment TEXT,
  registered_at_ms INTEGER NOT NULL,
  account_hash TEXT,
  room TEXT,
  component TEXT,
  times_registered INTEGER NOT NULL DEFAULT 1,
  is_restored INTEGER NOT NULL DEFAULT 0,
  removed_at_ms INTEGER,
  removal_reason TEXT,
  accepted_at_ms INTEGER,
  UNIQUE (account_key, device_key, app)
) STRICT`;

/** Makes a SQLite store what it was before the migration 0011. */
export function undoShortKeys(database: DatabaseSync): void {
  database.exec(undoing);
}

/** The same in PostgreSQL. */
export const undoingInPostgres = (): string =>
  undoing.replaceAll('INTEGER', 'BIGINT').replace(') STRICT', ')').replaceAll('"', '');

const undoing = `
    DELETE FROM kysely_migration WHERE name >= '0011';
    ${tableBefore};
    INSERT INTO registration_10
    SELECT node, app, convention, account, lower(account), coalesce(device, token), lower(coalesce(device, token)), token,
      lower(token), second_token, secret, environment, registered_at_ms, account_hash, room, component, times_registered,
      is_restored, removed_at_ms, removal_reason, accepted_at_ms
    FROM registration;
    DROP TABLE registration;
    ALTER TABLE registration_10 RENAME TO registration;
    CREATE INDEX registration_by_removal ON registration (removed_at_ms) WHERE removed_at_ms IS NOT NULL;
    DROP TABLE registration_count;
    DROP TABLE late_answer`;
