import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { migrate } from '../schema/migrate.ts';
import { migrations } from '../schema/migrations/all.ts';
import { shortKey } from '../../core/short-key.ts';
import { StoreError } from '../engine/store-error.ts';
import type { Tables } from '../schema/tables.ts';
import { codeOf, connect, type FileOptions, makeFile, prepareToWrite } from './connection.ts';
import { isSound } from './structure.ts';
import { createSqliteDialect } from './dialect.ts';

/** The largest file that is read as a whole at the start: a tenth of a second. */
const checkedAtStartBytes = 67_108_864;

/** "Seal" in the file's header says whose it is. */
const APPLICATION_ID = 0x5365616c;

/** A file that is fit for use. */
export interface PreparedFile {
  /** Whether it was made just now. */
  readonly isNew: boolean;
  /** Whether it cannot be read while another connection writes. */
  readonly isExclusive: boolean;
  /** Whether its structure was checked: a large file takes seconds. */
  readonly isChecked: boolean;
}

/**
 * Makes a SQLite file fit for use: makes it when there is none, checks it and brings its tables up to date. Blocks its thread.
 * @throws StoreError when it is unreadable, damaged, not ours or newer than we are; the file is then as it was
 */
export async function prepareFile(options: FileOptions): Promise<PreparedFile> {
  const { path } = options;
  makeFile(path);
  const { database, isExclusive } = connect(options);
  try {
    const isNew = checkOrigin(database, path);
    const isChecked = statSync(path).size <= checkedAtStartBytes;
    if (isChecked) checkStructure(database, path);
    prepareToWrite(database, { path });
    // For the migration that makes keys of texts.
    database.function('short_key', { deterministic: true }, (text) => shortKey(String(text)));
    if (isNew) database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    if (isNew || appliedTo(database).length < Object.keys(migrations).length) {
      await migrate(new Kysely<Tables>({ dialect: createSqliteDialect(database) }));
    }
    return { isNew, isExclusive, isChecked };
  } catch (error) {
    throw explain(error, path);
  } finally {
    database.close();
  }
}

/**
 * Checks that the file is ours and not from a newer version.
 * @returns whether it is empty
 * @throws StoreError
 */
export function checkOrigin(database: DatabaseSync, path: string): boolean {
  const { application_id: origin } = database.prepare('PRAGMA application_id').get() ?? {};
  const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() ?? {};
  if (origin !== APPLICATION_ID && (origin !== 0 || tables !== 0)) {
    throw new StoreError(`${path} is the database of another program`, 'Name another file under store: in the config.');
  }
  if (tables === 0) return true;
  const known = Object.keys(migrations);
  const newer = appliedTo(database).filter((name) => !known.includes(name));
  if (newer.length === 0) return false;
  throw new StoreError(
    `${path} was written by a newer Sealpost (it has ${newer.join(', ')})`,
    'Start that version again, or put back the copy of the file from before the upgrade.',
  );
}

/** Names of the migrations that a store of ours has had. */
export function appliedTo(database: DatabaseSync): string[] {
  const rows = database.prepare('SELECT name FROM kysely_migration ORDER BY name').all();
  return rows.map(({ name }) => String(name));
}

/** Better than to find out notification by notification. */
export function checkStructure(database: DatabaseSync, path: string): void {
  if (!isSound(database)) throw new StoreError(damaged[0].replace('PATH', path), damaged[1]);
}

export function explain(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error;
  const resultCode = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  const [message, hint] = explanations[resultCode] ?? [
    `cannot use the store ${path}: ${error instanceof Error ? error.message : codeOf(error)}`,
    'Is the disk full or mounted read-only?',
  ];
  return new StoreError(message.replace('PATH', path), hint, { cause: error });
}

const damaged: readonly [string, string] = [
  'the store PATH is damaged or no SQLite database',
  'It was left as it is. Put a backup in its place, or move it away (`sqlite3 FILE .recover` may save most of it) to ' +
    'start empty: registrations come back with their nodes, or when clients register again.',
];

/** By primary result code, https://sqlite.org/rescode.html. */
const explanations: Readonly<Record<number, readonly [string, string]>> = {
  5: ['the store PATH is locked by another process', 'Is another Sealpost or a backup of the file running?'],
  8: [
    'the store PATH is read-only',
    'The user that Sealpost runs as must be allowed to write the file and its folder.',
  ],
  11: damaged,
  26: damaged,
};
