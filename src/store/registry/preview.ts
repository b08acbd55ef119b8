import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { errorCode } from '../../telemetry/log.ts';
import type { Registry } from './contract.ts';
import { migrations } from '../migrations/all.ts';
import { createSqliteDialect } from '../sqlite/dialect.ts';
import { StoreError } from '../store-error.ts';
import type { Tables } from '../tables.ts';
import { previewImport } from './import-registrations.ts';

/**
 * Opens a SQLite store to see what taking registrations over would do to it: nothing is written, no table changed, no
 * file made. A store that is not there yet counts as empty.
 * @throws StoreError when it cannot be read
 */
export async function openPreview(path: string): Promise<Pick<Registry, 'importRegistrations' | 'close'>> {
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
    if (!isUpToDate(database)) {
      database.close();
      throw new StoreError(
        `the store ${path} is of an earlier Sealpost`,
        'Start this version once, which brings it up to date, or import without --dry-run.',
      );
    }
    await previewImport(db, [nothing]);
    return { importRegistrations: (batch) => previewImport(db, batch), close: () => db.destroy() };
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(`cannot read the store ${path} (${errorCode(error)})`, hint, { cause: error });
  }
}

function isUpToDate(database: DatabaseSync): boolean {
  const done = new Set(
    database
      .prepare('SELECT name FROM kysely_migration')
      .all()
      .map(({ name }) => name),
  );
  return Object.keys(migrations).every((name) => done.has(name));
}

/** Asked about to see whether the store answers. */
const nothing = { node: '', app: '', convention: 'p2', account: '', device: '', token: '', registeredAtMs: 0 } as const;
