import { Kysely } from 'kysely';
import { openStore, type OpenStoreOptions, type Store, type StoreLocation } from '../../src/store/open.ts';
import type { Database } from '../../src/store/engine/database.ts';
import type { Outbox } from '../../src/store/outbox/contract.ts';
import type { OutboxOptions } from '../../src/store/outbox/outbox.ts';
import { postgresSection, type PostgresSettings } from '../../src/store/postgres/settings.ts';
import type { FileOptions } from '../../src/store/sqlite/connection.ts';
import type { Registry } from '../../src/store/registry/contract.ts';
import { type RegistrationLimits, registrationsSection } from '../../src/store/registry/limits.ts';
import { createDevices, type Devices } from '../../src/store/registry/devices.ts';
import { createRegistry } from '../../src/store/registry/registry.ts';
import { connect, prepareToWrite } from '../../src/store/sqlite/connection.ts';
import { createSqliteDialect } from '../../src/store/sqlite/dialect.ts';
import { prepareFile } from '../../src/store/sqlite/prepare.ts';
import { sqliteReason } from '../../src/store/sqlite/reason.ts';
import type { Tables } from '../../src/store/schema/tables.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { type Clock, neverBack } from '../../src/time/clock.ts';
import { literalValues } from '../../src/config/kinds/values.ts';
import { nodeNames } from './nodes.ts';

/** The section `postgres` of a config that does not have it. */
export const postgresSettings: PostgresSettings = postgresSection(literalValues).parse({});

/** The section `registrations` of a config that does not have it. */
export const registrationLimits: RegistrationLimits = registrationsSection(literalValues).parse({});

export interface TestStoreOptions {
  readonly store: StoreLocation;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly nodes?: OpenStoreOptions['nodes'];
  /** The clock of the outbox. Default: `clock`, never going back. */
  readonly forward?: Clock;
  readonly registrations?: RegistrationLimits;
  readonly outbox?: Pick<OutboxOptions, 'limits' | 'timing'>;
  readonly file?: Omit<FileOptions, 'path'>;
}

/** A store as the server opens it; every random number is 0.5. */
export function openTestStore(options: TestStoreOptions): Promise<Store> {
  return openStore({
    postgres: postgresSettings,
    registrations: registrationLimits,
    nodes: nodeNames(),
    forward: neverBack(options.clock),
    random: () => 0.5,
    metrics: createMetrics('test'),
    ...options,
  });
}

/** The registrations of a store; closing them closes the store. */
export interface OpenedRegistry extends Registry {
  readonly devices: Devices;
  close(): Promise<void>;
}

export async function openRegistry(options: TestStoreOptions): Promise<OpenedRegistry> {
  const { registry, devices, close } = await openTestStore(options);
  let closing: Promise<void> | undefined;
  return {
    ...registry,
    devices,
    close: () => (closing ??= close()),
    get fault() {
      return registry.fault;
    },
  };
}

/** The outbox of a store; closing it closes the store. */
export async function openOutbox(options: TestStoreOptions): Promise<Outbox> {
  const { outbox, close } = await openTestStore(options);
  let closing: Promise<void> | undefined;
  return {
    ...outbox,
    close: () => (closing ??= close()),
    get state() {
      return outbox.state;
    },
  };
}

/**
 * The registrations of a SQLite file, read and written on this thread: it starts in a tenth of the time, for tests that are
 * not about the store.
 */
export async function openRegistryHere(
  options: TestStoreOptions & { readonly store: Extract<StoreLocation, { kind: 'sqlite' }> },
): Promise<OpenedRegistry> {
  const { store, clock, log, nodes = nodeNames(), metrics = createMetrics('test') } = options;
  const { registrations: limits = registrationLimits } = options;
  await prepareFile({ path: store.path });
  const { database: file } = connect({ path: store.path });
  prepareToWrite(file, { path: store.path });
  const database: Database = {
    db: new Kysely<Tables>({ dialect: createSqliteDialect(file) }),
    isShared: false,
    rowsPerStatement: 1,
    fault: undefined,
    refuseWhenLost: () => undefined,
    isRowFault: () => false,
    reasonOf: sqliteReason,
    close: () => Promise.resolve(),
  };
  const registry = await createRegistry({ database, clock, nodes, limits, log, metrics });
  return { ...registry, devices: createDevices(database), close: () => database.db.destroy() };
}
