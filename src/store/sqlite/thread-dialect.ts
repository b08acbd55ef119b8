import { type DatabaseConnection, type Dialect, type Driver, SqliteAdapter, SqliteDialect } from 'kysely';
import type { Thread } from './thread.ts';

/**
 * kysely's SQLite dialect over the thread that owns the file: each statement is a transaction of its own.
 * @param onError called with the error of each statement that fails
 */
export function createThreadDialect(thread: Pick<Thread, 'execute'>, onError: (error: unknown) => void): Dialect {
  // Only what compiles and adapts is taken from it; it never opens a database.
  const dialect = new SqliteDialect({ database: () => Promise.reject(new Error('the thread has the database')) });
  const connection: DatabaseConnection = {
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- kysely's own signature
    async executeQuery<Row>({ sql, parameters }: { readonly sql: string; readonly parameters: readonly unknown[] }) {
      try {
        const { rows, changes } = await thread.execute({ sql, parameters });
        return { rows: rows as Row[], numAffectedRows: BigInt(changes) };
      } catch (error) {
        onError(error);
        throw error;
      }
    },
    // oxlint-disable-next-line require-yield
    async *streamQuery() {
      throw new Error('nothing streams from the store');
    },
  };
  const refuse = () => Promise.reject(new Error('the statements of the store have no transactions'));
  const driver: Driver = {
    init: () => Promise.resolve(),
    acquireConnection: () => Promise.resolve(connection),
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    releaseConnection: () => Promise.resolve(),
    destroy: () => Promise.resolve(),
  };
  return {
    createAdapter: () => new ConcurrentAdapter(),
    createDriver: () => driver,
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: (db) => dialect.createIntrospector(db),
  };
}

/** Statements need not wait for one another here: the thread commits together what arrives together. */
class ConcurrentAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}
