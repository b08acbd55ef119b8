import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { define, isPostgres } from './ddl.ts';

/**
 * Nodes, accounts, devices and tokens are found by short hashes from now on, so that long ones are stored once and no
 * index grows with them. A device that is named by its token has no name of its own. Registrations are counted by domain and app, so
 * that no domain fills the store and nobody counts the rows.
 */
export const shortKeys: Migration = {
  async up(db: Kysely<unknown>) {
    // A process of the version before may still write; what it wrote while the rows are copied would be gone.
    if (isPostgres(db)) await sql`LOCK TABLE registration IN SHARE ROW EXCLUSIVE MODE`.execute(db);
    await define(
      db,
      `CREATE TABLE registration_11 (
        node_key TEXT NOT NULL PRIMARY KEY,
        node TEXT NOT NULL,
        app TEXT NOT NULL,
        convention TEXT NOT NULL,
        account TEXT NOT NULL,
        account_key TEXT NOT NULL,
        device TEXT,
        device_key TEXT NOT NULL,
        token TEXT NOT NULL,
        token_key TEXT NOT NULL,
        second_token TEXT,
        secret TEXT,
        account_hash TEXT,
        environment TEXT,
        registered_at_ms INTEGER NOT NULL,
        room TEXT,
        component TEXT,
        times_registered INTEGER NOT NULL DEFAULT 1,
        is_restored INTEGER NOT NULL DEFAULT 0,
        removed_at_ms INTEGER,
        removal_reason TEXT,
        accepted_at_ms INTEGER,
        UNIQUE (account_key, device_key, app)
      ) STRICT`,
    );
    const key = (column: string) =>
      isPostgres(db)
        ? sql.raw(`translate(encode(substring(sha256(convert_to(${column}, 'UTF8')) for 12), 'base64'), '+/', '-_')`)
        : sql.raw(`short_key(${column})`);
    const kept = sql.raw(
      `secret, account_hash, environment, registered_at_ms, room, component, times_registered, is_restored,
      removed_at_ms, removal_reason, accepted_at_ms`,
    );
    await sql`
      INSERT INTO registration_11 (node_key, node, app, convention, account, account_key, device, device_key, token,
        token_key, second_token, ${kept})
      SELECT ${key('node')}, node, app, convention, account, ${key('account_key')}, nullif(device, token),
        ${key('device_key')}, token, ${key('token_key')}, second_token, ${kept}
      FROM registration`.execute(db);
    await define(db, `DROP TABLE registration`);
    await define(db, `ALTER TABLE registration_11 RENAME TO registration`);
    await define(
      db,
      `CREATE INDEX registration_by_removal ON registration (removed_at_ms) WHERE removed_at_ms IS NOT NULL`,
    );
    await define(
      db,
      `CREATE TABLE registration_count (
        domain TEXT NOT NULL,
        app TEXT NOT NULL,
        registrations INTEGER NOT NULL,
        day INTEGER NOT NULL,
        made INTEGER NOT NULL,
        PRIMARY KEY (domain, app)
      ) STRICT`,
    );
    const lower = isPostgres(db)
      ? (text: RawBuilder<unknown>) =>
          sql`translate(${text}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')`
      : (text: RawBuilder<unknown>) => sql`lower(${text})`;
    const at = isPostgres(db) ? sql.raw(`strpos(account, '@')`) : sql.raw(`instr(account, '@')`);
    const domain = lower(sql`substr(account, ${at} + 1)`);
    await sql`
      INSERT INTO registration_count (domain, app, registrations, day, made)
      SELECT ${domain}, app, count(*), 0, 0
      FROM registration WHERE removed_at_ms IS NULL
      GROUP BY 1, 2`.execute(db);
  },
};
