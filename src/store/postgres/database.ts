import type { Database } from '../engine/database.ts';
import { type OpenPostgresOptions, openPostgres } from './open.ts';
import { isRowFault, postgresReason } from './reason.ts';
import { type PostgresWatchOptions, watchPostgres } from './watch.ts';

/** Rows that one round trip takes. */
const rowsPerStatement = 100;

export type PostgresDatabaseOptions = OpenPostgresOptions & Omit<PostgresWatchOptions, 'db'>;

/**
 * Opens a store in PostgreSQL, which any number of processes share.
 * @throws StoreError when it cannot be reached or used
 */
export async function openPostgresDatabase(options: PostgresDatabaseOptions): Promise<Database> {
  const { metrics } = options;
  const onError = (error: unknown) => metrics.storeErrors.inc({ reason: postgresReason(error) });
  const db = await openPostgres({ ...options, onError });
  const watch = watchPostgres({ ...options, db });
  return {
    db,
    isShared: true,
    rowsPerStatement,
    get fault() {
      return watch.fault;
    },
    refuseWhenLost: () => undefined,
    isRowFault,
    reasonOf: postgresReason,
    async close() {
      watch.stop();
      await db.destroy();
    },
  };
}
