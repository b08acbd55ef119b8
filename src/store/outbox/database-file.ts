import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { OutboxError } from './outbox-error.ts';
import { ensureSchema } from './schema.ts';

export interface FileOptions {
  readonly path: string;
  readonly lockWaitMs: number;
  /** Pages of 4 KiB that the file may have. */
  readonly pages?: number;
}

/** Beyond it the WAL file is cut after a checkpoint; below it stays, as room for settling on a full disk. */
const walKeptBytes = 16_777_216;
/** 16 MiB between checkpoints, each of which waits for the disk, and as much cache: the indexes are in random order. */
const walPages = 4_096;
const cacheKibibytes = 16_384;

/**
 * Opens the file, makes it and its folder when there is none.
 * @throws OutboxError when it cannot be ours, else what SQLite or the file system throws
 */
export function openFile({ path, lockWaitMs, pages }: FileOptions): DatabaseSync {
  prepareFile(path);
  const database = new DatabaseSync(path, { timeout: lockWaitMs });
  try {
    // Exclusive: two processes that drain the same file would send everything twice. The second one waits for its turn.
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
    // A crash between the two renames that replace a damaged file: what was salvaged is whole.
    if (!existsSync(path) && existsSync(salvagedBeside(path))) renameSync(salvagedBeside(path), path);
    // Made here so that only the owner may read it; SQLite gives its side files the same mode.
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (passing.has(code)) throw error;
    const hint = `The user that Sealpost runs as must be allowed to write there: ${dirname(path)}.`;
    throw new OutboxError(`cannot open the outbox ${path} (${code})`, hint, { cause: error });
  }
}

/** Errors of the file system that end by themselves or by an operator's doing, without a restart. */
const passing: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EIO', 'ENOMEM']);

const salvagedBeside = (path: string) => `${path}.salvaged`;

/** Where the pushes of a damaged file are gathered, without what an attempt before left there. */
export function beginSalvaged(path: string): string {
  const salvaged = salvagedBeside(path);
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${salvaged}${suffix}`, { force: true });
  return salvaged;
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
