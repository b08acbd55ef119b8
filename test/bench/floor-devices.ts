/** The floor's registry: one table in a SQLite file, one prepared statement. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { DeviceRow } from './protocol.ts';

/** Finds a device by its node. */
export type FindDevice = (node: string) => Pick<DeviceRow, 'token' | 'account'> | undefined;

/** @param folder where the file is made; it must have none yet */
export function storeDevices(folder: string, devices: readonly DeviceRow[]): FindDevice {
  const database = new DatabaseSync(join(folder, 'floor.db'));
  database.exec(
    `PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
    CREATE TABLE device (node TEXT PRIMARY KEY, token TEXT NOT NULL, account TEXT NOT NULL) WITHOUT ROWID; BEGIN`,
  );
  const insert = database.prepare('INSERT INTO device VALUES (?, ?, ?)');
  for (const { node, token, account } of devices) insert.run(node, token, account);
  database.exec('COMMIT');
  const find = database.prepare('SELECT token, account FROM device WHERE node = ?');
  return (node) => find.get(node) as unknown as Pick<DeviceRow, 'token' | 'account'> | undefined;
}
