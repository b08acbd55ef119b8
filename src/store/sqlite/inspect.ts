/** Looks at the file of a store without making, migrating or locking anything. */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { migrations } from '../schema/migrations/all.ts';
import { StoreError } from '../engine/store-error.ts';
import { appliedTo, checkOrigin, checkStructure, explain } from './prepare.ts';
import { codeOf, probe } from './connection.ts';

/** SQLITE_BUSY. */
const busy = 5;

/** How long to wait for a backup or an import that writes, milliseconds. */
const busyTimeoutMs = 2_000;

/** What was found. */
export interface FileInspection {
  /**
   * `absent`: there is none yet, and it can be made. `lost`: it was deleted or moved away while a server uses it. `served`: a
   * server uses it, so nothing was written. `idle`: it was written.
   */
  readonly kind: 'absent' | 'lost' | 'served' | 'idle';
  /** Registrations that are not removed; undefined if the tables are of an earlier version. */
  readonly registrations?: number | undefined;
}

/** @throws StoreError when the file cannot be used, or could not be made */
export function inspectFile(path: string): FileInspection {
  const isServed = isHeld(`${path}-server`);
  if (!existsSync(path)) {
    if (isServed) return { kind: 'lost' };
    refuseUnwritable(path);
    return { kind: 'absent' };
  }
  const database = open(path, isServed);
  try {
    checkOrigin(database, path);
    if (!isServed) {
      checkStructure(database, path);
      probe(database, busyTimeoutMs);
    }
    const isCurrent = appliedTo(database).length >= Object.keys(migrations).length;
    const registrations = isCurrent ? countRegistrations(database) : undefined;
    return { kind: isServed ? 'served' : 'idle', registrations };
  } catch (error) {
    throw explain(error, path);
  } finally {
    database.close();
  }
}

/** Opening a database for writing, with the mode of the file, is not yet writing. */
function open(path: string, readOnly: boolean): DatabaseSync {
  try {
    return new DatabaseSync(path, { readOnly, timeout: busyTimeoutMs });
  } catch (error) {
    throw explain(error, path);
  }
}

function countRegistrations(database: DatabaseSync): number {
  const { count } =
    database.prepare('SELECT count(*) AS count FROM registration WHERE removed_at_ms IS NULL').get() ?? {};
  return Number(count);
}

/** Whether a server has the lock beside the store. */
function isHeld(lockPath: string): boolean {
  if (!existsSync(lockPath)) return false;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(lockPath, { readOnly: true, timeout: 0 });
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === busy;
  } finally {
    database?.close();
  }
}

/** Whether the folder of the file, or the nearest one that there is, can be written. */
function refuseUnwritable(path: string): void {
  let folder = dirname(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const hint = `The user that Sealpost runs as must be allowed to write there: ${folder}.`;
    throw new StoreError(`cannot make the store ${path} (${codeOf(error)})`, hint, { cause: error });
  }
}
