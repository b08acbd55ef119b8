import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { errorCode } from '../telemetry/error-code.ts';
import type { Registry } from './registry/contract.ts';
import { isUpToDate, outdatedHint } from './schema/migrate.ts';
import { type OpenPostgresOptions, openPostgres } from './postgres/open.ts';
import { createSqliteDialect } from './sqlite/dialect.ts';
import { StoreError } from './engine/store-error.ts';
import type { Tables } from './schema/tables.ts';
import { previewImport } from './registry/import-registrations.ts';

/** A store that is only looked at. */
export interface Preview extends Pick<Registry, 'importRegistrations'> {
  close(): Promise<void>;
}

/**
 * Opens a PostgreSQL store to see what taking registrations over would do to it: nothing is written.
 * @throws StoreError when it cannot be read
 */
export async function openPostgresPreview(options: Omit<OpenPostgresOptions, 'isPreview'>): Promise<Preview> {
  const db = await openPostgres({ ...options, isPreview: true });
  return { importRegistrations: (batch) => previewImport(db, batch), close: () => db.destroy() };
}

/**
 * Opens a SQLite store to see what taking registrations over would do to it: nothing is written and no table changed. A store that is not there yet counts as empty.
 * @throws StoreError when it cannot be read
 */
export async function openSqlitePreview(path: string): Promise<Preview> {
  if (!existsSync(path)) {
    return {
      importRegistrations: (batch) => Promise.resolve(batch.map(() => 'taken')),
      close: () => Promise.resolve(),
    };
  }
  const hint = 'Is it the store of a Sealpost, and may you read it and write beside it?';
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    const db = new Kysely<Tables>({ dialect: createSqliteDialect(database) });
    if (!(await isUpToDate(db))) {
      database.close();
      throw new StoreError(`the store ${path} is of an earlier Sealpost`, outdatedHint);
    }
    await previewImport(db, [nothing]);
    return { importRegistrations: (batch) => previewImport(db, batch), close: () => db.destroy() };
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(`cannot read the store ${path} (${errorCode(error)})`, hint, { cause: error });
  }
}

/** A made-up registration, looked up only to test that the store can be read. */
const nothing = { node: '', app: '', convention: 'p2', account: '', device: '', token: '', registeredAtMs: 0 } as const;
