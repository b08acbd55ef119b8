/** Opens connections to the file. Imports little, so that the thread starts quickly. */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../engine/store-error.ts';

/** How long to wait for another process (a backup, the command line) that writes, milliseconds. */
const BUSY_TIMEOUT_MS = 5_000;
/** Holds the upper levels of the indexes of a few million registrations. */
const CACHE_KIB = 32_768;
/** Size to which the WAL is truncated after a checkpoint: room to remove pushes on a full disk. */
const WAL_KEPT_BYTES = 16_777_216;
/** 16 MiB between checkpoints, which wait for the disk. */
const WAL_PAGES = 4_096;

/** Which file, and how it is opened. */
export interface FileOptions {
  readonly path: string;
  /** How long to wait for another process that writes, milliseconds. Default 5 s. */
  readonly busyTimeoutMs?: number;
  /** Most pages of 4 KiB that the file may have. Default: as many as the disk holds. */
  readonly pages?: number;
}

/** An open file. */
export interface Connection {
  readonly database: DatabaseSync;
  /** Whether other connections are kept out, so that this one alone can read. */
  readonly isExclusive: boolean;
}

/**
 * Makes the file if there is none, and only for its owner: it holds device tokens. SQLite's side files take its mode over.
 * Call it
 * before this process opens the file: closing a descriptor releases all of the process's locks on it.
 * @throws StoreError when it cannot be opened at all
 */
export function makeFile(path: string): void {
  orExplain(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
  });
}

/** @throws StoreError when the file cannot be opened at all */
export function connect({ path, busyTimeoutMs = BUSY_TIMEOUT_MS }: FileOptions): Connection {
  return orExplain(path, () => withIndex(path, busyTimeoutMs));
}

function orExplain<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    const hint = `The user that Sealpost runs as must be allowed to write there: ${dirname(path)}.`;
    throw new StoreError(`cannot open the store ${path} (${codeOf(error)})`, hint, { cause: error });
  }
}

/** Prepares a connection for writing. Each commit is synced. @throws what SQLite throws */
export function prepareToWrite(database: DatabaseSync, { pages }: FileOptions): void {
  // FULL: a registration that was answered must survive a power cut, and WAL alone syncs at checkpoints only.
  database.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -${CACHE_KIB};
    PRAGMA wal_autocheckpoint = ${WAL_PAGES}; PRAGMA journal_size_limit = ${WAL_KEPT_BYTES}`);
  if (pages !== undefined) database.exec(`PRAGMA max_page_count = ${pages}`);
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

/**
 * The index of the WAL is a file beside the store. A full disk has no room for it; then it is held in memory, which locks
 * the store for other processes until the next start, and what was registered can be read.
 */
function withIndex(path: string, timeout: number): Connection {
  const database = new DatabaseSync(path, { timeout });
  try {
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return { database, isExclusive: false };
  } catch (error) {
    const isFull = error instanceof Error && 'errcode' in error && indexFailures.has(Number(error.errcode));
    if (!isFull) return { database, isExclusive: false };
    // A connection that has tried to make the index goes on trying.
    database.close();
    const alone = new DatabaseSync(path, { timeout });
    alone.exec('PRAGMA locking_mode = EXCLUSIVE');
    return { database: alone, isExclusive: true };
  }
}

/** SQLITE_IOERR_SHMOPEN, SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_SHMMAP. */
const indexFailures: ReadonlySet<number> = new Set([4618, 4874, 5386]);

/** The code of a system error, or the name of its class. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
