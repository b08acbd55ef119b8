import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { OutboxError } from './outbox-error.ts';
import { ensureSchema } from './schema.ts';

export interface FileOptions {
  readonly path: string;
  readonly lockWaitMs: number;
  /** Most pages of 4 KiB that the file may have. */
  readonly pages?: number;
}

/** Size to which the WAL is truncated after a checkpoint: room to complete pushes on a full disk. */
const walKeptBytes = 16_777_216;
/** 16 MiB between checkpoints, which wait for the disk, and as much cache, since the indexes are in random order. */
const walPages = 4_096;
const cacheKibibytes = 16_384;

/**
 * Opens the file, creating it and its folder if needed.
 * @throws OutboxError if the file cannot be ours; otherwise what SQLite or the file system throws
 */
export function openFile({ path, lockWaitMs, pages }: FileOptions): DatabaseSync {
  prepareFile(path);
  const database = new DatabaseSync(path, { timeout: lockWaitMs });
  try {
    // Exclusive, since two processes using one file would send every push twice. The second one waits.
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = ${walPages};
      PRAGMA journal_size_limit = ${walKeptBytes};
      PRAGMA cache_size = -${cacheKibibytes};
    `);
    if (pages !== undefined) database.exec(`PRAGMA max_page_count = ${pages}`);
    ensureSchema(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepareFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // A crash happened between the two renames that replace a damaged file. The recovered file is complete.
    if (!existsSync(path) && existsSync(recoveredBeside(path))) renameSync(recoveredBeside(path), path);
    // Created here so that only the owner may read it; SQLite gives its side files the same mode.
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (passing.has(code)) throw error;
    const hint = `The user that Sealpost runs as must be allowed to write there: ${dirname(path)}.`;
    throw new OutboxError(`cannot open the outbox ${path} (${code})`, hint, { cause: error });
  }
}

/** File system errors that pass, or that an operator can remove without a restart. */
const passing: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EIO', 'ENOMEM']);

const recoveredBeside = (path: string) => `${path}.salvaged`;

/** Deletes the result of an earlier attempt; returns the path for the pushes recovered from a damaged file. */
export function beginRecovered(path: string): string {
  const recovered = recoveredBeside(path);
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${recovered}${suffix}`, { force: true });
  return recovered;
}

/**
 * Renames a damaged file and its WAL, which must be closed.
 * @returns the new path
 */
export function setAside(path: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  let keptAs = `${path}.corrupt-${stamp}`;
  for (let copy = 2; existsSync(keptAs); copy += 1) keptAs = `${path}.corrupt-${stamp}-${copy}`;
  renameSync(path, keptAs);
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${keptAs}-wal`);
  return keptAs;
}
