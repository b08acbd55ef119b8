import { type Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { migrations } from './migrations/all.ts';
import type { Tables } from './tables.ts';

/**
 * Brings the tables up to date. On PostgreSQL, processes that start at once wait for the one that does it.
 * @throws what the database throws; a migration that fails has changed nothing
 */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve({ ...migrations }) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error instanceof Error ? error : new Error('migration failed', { cause: error });
}

/** Hint for a store that is not up to date. */
export const outdatedHint = 'Start this version once, which brings it up to date, or import without --dry-run.';

/** Whether a store has had all migrations. */
export async function isUpToDate(db: Kysely<Tables>): Promise<boolean> {
  const applied = await appliedMigrations(db);
  return Object.keys(migrations).every((name) => applied.includes(name));
}

/** Names of the migrations that a store has had and that this version does not know. */
export async function newerMigrations(db: Kysely<Tables>): Promise<readonly string[]> {
  return (await appliedMigrations(db)).filter((name) => !Object.hasOwn(migrations, name));
}

async function appliedMigrations(db: Kysely<Tables>): Promise<readonly string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === 'kysely_migration')) return [];
  const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration ORDER BY name`.execute(db);
  return rows.map(({ name }) => name);
}
