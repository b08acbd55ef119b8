import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { errorCode } from '../../telemetry/log.ts';
import { migrate } from '../migrate.ts';
import { migrations } from '../migrations/all.ts';
import { createSqliteDialect } from './dialect.ts';
import { StoreError } from '../store-error.ts';
import type { Tables } from '../tables.ts';

/** How long to wait for another process (a backup, the command line) that writes, milliseconds. */
const BUSY_TIMEOUT_MS = 5_000;
/** "Seal" in the file's header says whose it is. */
const APPLICATION_ID = 0x5365616c;
/** Holds the upper levels of the indexes of a few million registrations. */
const CACHE_KIB = 32_768;
const IN_MEMORY = ':memory:';

/** Size to which the WAL is truncated after a checkpoint: room to remove pushes on a full disk. */
const WAL_KEPT_BYTES = 16_777_216;
/** 16 MiB between checkpoints, which wait for the disk. */
const WAL_PAGES = 4_096;

export interface FileOptions {
  /** Of the file, or `:memory:`. */
  readonly path: string;
  /** How long to wait for another process that writes, milliseconds. Default 5 s. */
  readonly busyTimeoutMs?: number;
  /** Most pages of 4 KiB that the file may have. Default: as many as the disk holds. */
  readonly pages?: number;
}

export interface OpenedFile {
  readonly database: DatabaseSync;
  readonly isNew: boolean;
  /** Whether other connections are kept out, so that this one alone can read. */
  readonly isExclusive: boolean;
}

/**
 * Opens a SQLite database, makes it when there is none and brings its tables up to date. Blocks its thread.
 * @throws StoreError when it is unreadable, damaged, not ours or newer than we are; the file is then as it was
 */
export async function openStoreFile({ path, busyTimeoutMs = BUSY_TIMEOUT_MS, pages }: FileOptions): Promise<OpenedFile> {
  const { database, isExclusive } = openFile(path, busyTimeoutMs);
  try {
    const isNew = checkOrigin(database, path);
    checkStructure(database, path);
    // FULL: a registration that was answered must survive a power cut, and WAL alone syncs at checkpoints only.
    database.exec(`
      PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -${CACHE_KIB};
      PRAGMA wal_autocheckpoint = ${WAL_PAGES}; PRAGMA journal_size_limit = ${WAL_KEPT_BYTES}`);
    if (isNew) database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    if (isNew || appliedTo(database).length < Object.keys(migrations).length) {
      await migrate(new Kysely<Tables>({ dialect: createSqliteDialect(database) }));
    }
    if (pages !== undefined) database.exec(`PRAGMA max_page_count = ${pages}`);
    return { database, isNew, isExclusive };
  } catch (error) {
    database.close();
    throw explain(error, path);
  }
}

/**
 * Writes something small and syncs it, without waiting for locks. `user_version` has no meaning here, so that it may change.
 * @throws what SQLite throws
 */
export function probe(database: DatabaseSync, busyTimeoutMs = BUSY_TIMEOUT_MS): void {
  database.exec('PRAGMA busy_timeout = 0');
  try {
    const { user_version: last } = database.prepare('PRAGMA user_version').get() ?? {};
    database.exec(`PRAGMA user_version = ${Number(last) === 1 ? 2 : 1}`);
  } finally {
    database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  }
}

function openFile(path: string, timeout: number): Omit<OpenedFile, 'isNew'> {
  try {
    if (path !== IN_MEMORY) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      // Made here so that only the owner may read it: it holds device tokens. SQLite's side files take its mode over.
      closeSync(openSync(path, 'a', 0o600));
    }
    return withIndex(path, timeout);
  } catch (error) {
    const hint = `The user that Sealpost runs as must be allowed to write there: ${dirname(path)}.`;
    throw new StoreError(`cannot open the store ${path} (${errorCode(error)})`, hint, { cause: error });
  }
}

/**
 * The index of the WAL is a file beside the store. A full disk has no room for it; then it is held in memory, which locks
 * the store for other processes until the next start, and what was registered can be read.
 */
function withIndex(path: string, timeout: number): Omit<OpenedFile, 'isNew'> {
  const database = new DatabaseSync(path, { timeout });
  try {
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return { database, isExclusive: path === IN_MEMORY };
  } catch (error) {
    const isFull = error instanceof Error && 'errcode' in error && indexFailures.has(Number(error.errcode));
    if (isFull) database.exec('PRAGMA locking_mode = EXCLUSIVE');
    return { database, isExclusive: isFull || path === IN_MEMORY };
  }
}

/** SQLITE_IOERR_SHMOPEN, SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_SHMMAP. */
const indexFailures: ReadonlySet<number> = new Set([4618, 4874, 5386]);

/** Whether it is empty. */
function checkOrigin(database: DatabaseSync, path: string): boolean {
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
function appliedTo(database: DatabaseSync): string[] {
  const rows = database.prepare('SELECT name FROM kysely_migration ORDER BY name').all();
  return rows.map(({ name }) => String(name));
}

/** Half a second for a million registrations: better than to find out notification by notification. */
function checkStructure(database: DatabaseSync, path: string): void {
  const { quick_check: verdict } = database.prepare('PRAGMA quick_check(1)').get() ?? {};
  if (verdict !== 'ok') throw new StoreError(damaged[0].replace('PATH', path), damaged[1]);
}

function explain(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error;
  const resultCode = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  const [message, hint] = explanations[resultCode] ?? [
    `cannot use the store ${path}: ${error instanceof Error ? error.message : errorCode(error)}`,
    'Is the disk full or mounted read-only?',
  ];
  return new StoreError(message.replace('PATH', path), hint, { cause: error });
}

const damaged: readonly [string, string] = [
  'the store PATH is damaged or no SQLite database',
  'It was left as it is. Put a backup in its place, or move it away (`sqlite3 FILE .recover` may save most of it) to ' +
    'start empty: devices then stay silent until their users switch push off and on.',
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
