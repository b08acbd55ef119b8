import { DatabaseSync } from 'node:sqlite';
import { shortKey } from '../schema/short-key.ts';
import { type FoundRow, registrationColumns } from '../schema/tables.ts';

/** Holds the upper levels of the index of a few million nodes. */
const cacheKib = 32_768;

/** Reads registrations on the main thread, which takes microseconds and waits for nobody who writes. */
export interface Reader {
  find(node: string): FoundRow | undefined;
  close(): void;
}

export function openReader(path: string): Reader {
  const database = new DatabaseSync(path, { readOnly: true });
  database.exec(`PRAGMA cache_size = -${cacheKib}`);
  const columns = registrationColumns.join(', ');
  const find = database.prepare(
    `SELECT ${columns} FROM registration WHERE node_key = ? AND node = ? AND removed_at_ms IS NULL`,
  );
  // An array of a row costs a third of an object that SQLite's binding makes.
  find.setReturnArrays(true);
  return {
    find(node) {
      const values = find.get(shortKey(node), node) as unknown as readonly unknown[] | undefined;
      return values && toRow(values);
    },
    close: () => database.close(),
  };
}

/** @param values in the order of `registrationColumns` */
function toRow(values: readonly unknown[]): FoundRow {
  const row: Partial<Record<(typeof registrationColumns)[number], unknown>> = {};
  for (let i = 0; i < registrationColumns.length; i += 1) {
    const column = registrationColumns[i];
    if (column !== undefined) row[column] = values[i];
  }
  return row as FoundRow;
}
