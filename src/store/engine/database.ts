import type { Kysely } from 'kysely';
import type { StoreFault } from './fault.ts';
import type { FoundRow, Tables } from '../schema/tables.ts';

/** An open database with the tables of the store, on either engine. Each statement is committed when it resolves. */
export interface Database {
  readonly db: Kysely<Tables>;
  /** Whether other processes use it too. */
  readonly isShared: boolean;
  /** How many rows a statement is to take: one where statements cost little, many where each is a round trip. */
  readonly rowsPerStatement: number;
  /** Reads a registration at once, without waiting for what is being written; absent: the engine only has queries. */
  readonly findRow?: (node: string) => FoundRow | undefined;
  /** What is wrong with it, as of the last check; undefined: nothing. */
  readonly fault: StoreFault | undefined;
  /** @throws StoreError when what is written now would be lost with this process */
  refuseWhenLost(): void;
  /** Whether a statement failed because of what is in one of its rows, so that others may be stored without it. */
  isRowFault(error: unknown): boolean;
  /** A word for an error of a statement: safe to log, one of a limited set. */
  reasonOf(error: unknown): string;
  close(): Promise<void>;
}
