import { Kysely, PostgresDialect, sql } from 'kysely';
import type { Secret } from '../../core/secret.ts';
import type { Clock, Random } from '../../time/clock.ts';
import { pause } from '../engine/pause.ts';
import { isUpToDate, migrate, newerMigrations, outdatedHint } from '../schema/migrate.ts';
import { OutdatedStoreError, StoreError } from '../engine/store-error.ts';
import type { Tables } from '../schema/tables.ts';
import { parseAddress } from './address.ts';
import { createPool } from './pool.ts';
import { faultOf, isRefusal, postgresFault } from './reason.ts';
import type { PostgresSettings } from './settings.ts';

/** How long a server may be away at the start, as when both are started together. Milliseconds. */
const startWithinMs = 30_000;
const startAgainMs = 1_000;
/** How long a migration of a large table, or waiting for the process that does it, may take. Milliseconds. */
const migrateWithinMs = 3_600_000;

export interface OpenPostgresOptions {
  readonly url: Secret;
  readonly settings: PostgresSettings;
  readonly clock: Clock;
  readonly random: Random;
  /** How long a server that is away is waited for, milliseconds. Default 30 s. */
  readonly withinMs?: number;
  /** Only to look: tables that are not up to date are an error. Default false. */
  readonly isPreview?: boolean;
  /** Called with the error of each statement that fails while the store is in use. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Opens a PostgreSQL database and brings its tables up to date. Processes that start at once wait for the one that does it.
 * @throws StoreError when it cannot be reached or used; the database is then as it was
 */
export async function openPostgres(options: OpenPostgresOptions): Promise<Kysely<Tables>> {
  const { url, settings, clock, random, withinMs = startWithinMs, isPreview = false } = options;
  const address = parseAddress(url.reveal());
  if (!address)
    throw new StoreError('store: is no URL of a PostgreSQL database', 'postgres://USER:PASSWORD@HOST/DATABASE');
  const connect = (given: PostgresSettings, onError?: (error: unknown) => void) =>
    new Kysely<Tables>({
      dialect: new PostgresDialect({
        pool: createPool({ address, settings: given, clock, random, ...(onError && { onError }) }),
      }),
    });
  const first = connect({ ...settings, connections: 2, statementTimeoutMs: migrateWithinMs });
  try {
    await reach(first, clock, withinMs);
    await refuseUnfit(first);
    if (isPreview) await refuseOutdated(first);
    else await migrate(first);
    await first.destroy();
    return connect(settings, options.onError);
  } catch (error) {
    await first.destroy();
    if (error instanceof StoreError) throw error;
    const { reason, hint } = postgresFault(error);
    throw new StoreError(`cannot use the PostgreSQL store (${reason})`, hint, { cause: error });
  }
}

/** A server that is not there yet is waited for; one that refuses us is not. */
async function reach(db: Kysely<Tables>, clock: Clock, withinMs: number): Promise<void> {
  const endsAtMs = clock.monotonic() + withinMs;
  for (;;) {
    try {
      await sql`SELECT 1`.execute(db);
      return;
    } catch (error) {
      const { reason } = postgresFault(error);
      const mayPass = reason === 'restarting' || (!isRefusal(error) && passing.has(reason));
      if (!mayPass || clock.monotonic() + startAgainMs > endsAtMs) throw error;
      await pause(clock, startAgainMs);
    }
  }
}

const passing: ReadonlySet<string> = new Set(['refused', 'disconnected', 'timeout', 'no-address']);

async function refuseUnfit(db: Kysely<Tables>): Promise<void> {
  const newer = await newerMigrations(db);
  if (newer.length > 0) {
    throw new StoreError(
      `the store was written by a newer Sealpost (it has ${newer.join(', ')})`,
      'Start that version again, or restore the backup from before the upgrade.',
    );
  }
  if (await isReadOnly(db)) throw new StoreError('the PostgreSQL store is read-only', faultOf('read-only').hint);
}

async function refuseOutdated(db: Kysely<Tables>): Promise<void> {
  if (await isUpToDate(db)) return;
  throw new OutdatedStoreError('the store is of an earlier Sealpost, or empty', outdatedHint);
}

/** Whether the server is a standby, or its sessions may not write. */
export async function isReadOnly(db: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ state: string }>`SELECT current_setting('transaction_read_only') AS state`.execute(db);
  return rows[0]?.state === 'on';
}
