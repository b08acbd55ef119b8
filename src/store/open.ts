import type { Secret } from '../core/secret.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock, Random } from '../time/clock.ts';
import type { Database } from './engine/database.ts';
import type { LateAnswers } from './late-answers/contract.ts';
import { createLateAnswers } from './late-answers/late-answers.ts';
import type { Outbox } from './outbox/contract.ts';
import { adoptOutboxFile } from './outbox/adopt-file.ts';
import { createOutbox, type OutboxOptions } from './outbox/outbox.ts';
import type { PostgresSettings } from './postgres/settings.ts';
import type { Registry } from './registry/contract.ts';
import { createDevices, type Devices } from './registry/devices.ts';
import { forgetRemoved } from './registry/forget-removed.ts';
import { createRegistry, type RegistryOptions } from './registry/registry.ts';
import type { RegistrationLimits } from './registry/limits.ts';
import { watchCounts } from './registry/watch-counts.ts';
import type { FileOptions } from './sqlite/connection.ts';
import { holdStore } from './sqlite/hold.ts';
import { openSqlite } from './sqlite/open.ts';

/** Which database: a SQLite file by its absolute path, or a PostgreSQL URL. */
export type StoreLocation =
  { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'postgres'; readonly url: Secret };

export interface OpenDatabaseOptions {
  readonly store: StoreLocation;
  /** How PostgreSQL is spoken to. */
  readonly postgres: PostgresSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'storeUp' | 'storeErrors'>;
  /** For a SQLite file: what differs from the defaults. */
  readonly file?: Omit<FileOptions, 'path'>;
}

export interface OpenStoreOptions extends OpenDatabaseOptions {
  readonly nodes: RegistryOptions['nodes'];
  /** A clock whose wall time never goes back. The outbox uses it. */
  readonly forward: Clock;
  readonly metrics: Metrics;
  /** How many registrations a domain may have. */
  readonly registrations: RegistrationLimits;
  readonly outbox?: Pick<OutboxOptions, 'limits' | 'timing'>;
  /** Whether to keep other servers away from a SQLite file. Default false. */
  readonly isServer?: boolean;
}

/** What is durable: registrations, and pushes that no provider has taken yet. */
export interface Store {
  readonly registry: Registry;
  /** The registrations as an operator asks about them. */
  readonly devices: Devices;
  readonly outbox: Outbox;
  /** Answers for other processes to send; undefined: there are no others. */
  readonly lateAnswers: LateAnswers | undefined;
  /** Whether other processes use it too. */
  readonly isShared: boolean;
  /** Writes what is pending, within a time limit, and closes the database. */
  close(): Promise<void>;
}

/**
 * Opens the database that the config names.
 * @throws StoreError with what to do about it
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  const { store, postgres, file, clock, random, log, metrics } = options;
  if (store.kind === 'sqlite') return openSqlite({ file: { path: store.path, ...file }, clock, log, metrics });
  // Loaded only here: a server on SQLite has no use for the driver.
  const { openPostgresDatabase } = await import('./postgres/database.ts');
  return openPostgresDatabase({ url: store.url, settings: postgres, clock, random, log, metrics });
}

/**
 * Opens the store that the config names.
 * @throws StoreError with what to do about it
 */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const { store, nodes, registrations: limits, clock, forward, log, metrics } = options;
  const isHeld = options.isServer === true && store.kind === 'sqlite';
  const release = isHeld ? await holdStore(store.path, clock) : () => undefined;
  const database = await openDatabase(options);
  const registry = await createRegistry({ database, clock, nodes, limits, log, metrics });
  if (store.kind === 'sqlite') await adoptOutboxFile({ path: store.path, database, clock, log });
  const outbox = await createOutbox({ database, clock: forward, log, metrics, ...options.outbox });
  const stopForgetting = forgetRemoved({ db: database.db, clock, log });
  const stopCounting = database.isShared ? watchCounts({ registry, clock, metrics }) : () => undefined;
  return {
    registry,
    devices: createDevices(database),
    outbox,
    lateAnswers: database.isShared ? createLateAnswers({ database, clock, log, metrics }) : undefined,
    isShared: database.isShared,
    async close() {
      stopCounting();
      await outbox.close();
      await stopForgetting();
      await database.close();
      release();
    },
  };
}
