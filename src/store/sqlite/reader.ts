import { DatabaseSync } from 'node:sqlite';
import { shortKey } from '../../core/short-key.ts';
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
  const [, ...columns] = registrationColumns;
  const find = database.prepare(
    `SELECT ${columns.join(', ')} FROM registration WHERE node_key = ? AND node = ? AND removed_at_ms IS NULL`,
  );
  // An array of a row costs a third of an object that SQLite's binding makes.
  find.setReturnArrays(true);
  return {
    find(node) {
      const values = find.get(shortKey(node), node) as unknown as Values | undefined;
      return values && toRow(node, values);
    },
    close: () => database.close(),
  };
}

type ValuesOf<Columns extends readonly (keyof FoundRow)[]> = { readonly [I in keyof Columns]: FoundRow[Columns[I]] };

type WithoutFirst<Columns extends readonly unknown[]> = Columns extends readonly [unknown, ...infer Others]
  ? Others
  : never;

/** A row as an array, in the order of `registrationColumns`, without the node by which it was found. */
type Values = ValuesOf<WithoutFirst<typeof registrationColumns>>;

/** Each column by its name, since a row that is filled in a loop takes longer than the query. */
function toRow(node: string, values: Values): FoundRow {
  return {
    node,
    app: values[0],
    convention: values[1],
    account: values[2],
    device: values[3],
    token: values[4],
    token_key: values[5],
    second_token: values[6],
    secret: values[7],
    account_hash: values[8],
    environment: values[9],
    registered_at_ms: values[10],
    room: values[11],
    component: values[12],
    is_restored: values[13],
    accepted_at_ms: values[14],
  };
}
