/** Checks that the store can be opened and written, without disturbing a server that uses it. */
import { sql } from 'kysely';
import type { PartFinding } from '../core/finding.ts';
import { OutdatedStoreError, StoreError } from './engine/store-error.ts';
import type { OpenDatabaseOptions } from './open.ts';
import { openPostgres } from './postgres/open.ts';
import { type FileInspection, inspectFile } from './sqlite/inspect.ts';

export type CheckStoreOptions = Pick<OpenDatabaseOptions, 'store' | 'postgres' | 'clock' | 'random'>;

/** What was found, and whether a running server uses the file. */
export interface StoreFinding {
  readonly finding: PartFinding;
  /** Always false for PostgreSQL, which any number of servers may use. */
  readonly isServed: boolean;
}

/** Never rejects. */
export async function checkStore(options: CheckStoreOptions): Promise<StoreFinding> {
  const { store } = options;
  try {
    if (store.kind === 'postgres') {
      return { finding: await checkPostgres({ ...options, url: store.url }), isServed: false };
    }
    const found = inspectFile(store.path);
    return { finding: describeFile(store.path, found), isServed: found.kind === 'served' || found.kind === 'lost' };
  } catch (error) {
    if (error instanceof OutdatedStoreError) return { finding: outdated('the database under store:'), isServed: false };
    if (!(error instanceof StoreError)) throw error;
    const [message = ''] = error.message.split('\n');
    return { finding: { status: 'fail', message, hint: error.hint }, isServed: false };
  }
}

function describeFile(path: string, { kind, registrations }: FileInspection): PartFinding {
  if (kind === 'absent') {
    const hint = 'This is right before the first start only. If there were registrations, put the old file back first.';
    return { status: 'warn', message: `there is no store ${path} yet; the first start makes it`, hint };
  }
  if (kind === 'lost') {
    const hint = 'Move it back, or put a backup in its place and restart the server.';
    return { status: 'fail', message: `the store ${path} was deleted or moved away while a server uses it`, hint };
  }
  if (registrations === undefined) return outdated(`the store ${path}`);
  const used = kind === 'served' ? 'was read (a running server uses it)' : 'was opened and written';
  return { status: 'pass', message: `the store ${path} ${used}: ${count(registrations)}` };
}

function outdated(what: string): PartFinding {
  const hint = 'Copy it before: an earlier version cannot use it afterwards.';
  return {
    status: 'warn',
    message: `${what} is empty or of an earlier version; the next start brings it up to date`,
    hint,
  };
}

async function checkPostgres({
  url,
  postgres: settings,
  clock,
  random,
}: CheckStoreOptions & { readonly url: Parameters<typeof openPostgres>[0]['url'] }): Promise<PartFinding> {
  const db = await openPostgres({ url, settings, clock, random, withinMs: 0, isPreview: true });
  try {
    const { rows } = await sql<{ may: number | string; registrations: number | string }>`
      SELECT CASE WHEN has_table_privilege('registration', 'INSERT') AND has_table_privilege('registration', 'UPDATE')
          THEN 1 ELSE 0 END AS may,
        (SELECT count(*) FROM registration WHERE removed_at_ms IS NULL) AS registrations`.execute(db);
    const [found] = rows;
    if (!found || Number(found.may) !== 1) {
      const hint = 'The user under store: must own the tables, or have INSERT and UPDATE on them.';
      return { status: 'fail', message: 'the tables in PostgreSQL may not be written', hint };
    }
    return { status: 'pass', message: `the PostgreSQL store can be written: ${count(Number(found.registrations))}` };
  } finally {
    await db.destroy();
  }
}

const count = (registrations: number) => `${registrations} ${registrations === 1 ? 'registration' : 'registrations'}`;
