import { openStore, type OpenStoreOptions, type Store, type StoreLocation } from '../../src/store/open.ts';
import type { Outbox } from '../../src/store/outbox/contract.ts';
import type { OutboxOptions } from '../../src/store/outbox/outbox.ts';
import { postgresSection, type PostgresSettings } from '../../src/store/postgres/settings.ts';
import type { Registry } from '../../src/store/registry/contract.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { type Clock, neverBack } from '../../src/time/clock.ts';
import { literalValues } from '../../src/config/kinds/values.ts';
import { nodeNames } from './nodes.ts';

/** The section `postgres` of a config that does not have it. */
export const postgresSettings: PostgresSettings = postgresSection(literalValues).parse({});

export interface TestStoreOptions {
  readonly store: StoreLocation;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly nodes?: OpenStoreOptions['nodes'];
  readonly outbox?: Pick<OutboxOptions, 'limits' | 'timing'>;
}

/** A store as the server opens it; every random number is 0.5. */
export function openTestStore(options: TestStoreOptions): Promise<Store> {
  return openStore({
    postgres: postgresSettings,
    nodes: nodeNames(),
    forward: neverBack(options.clock),
    random: () => 0.5,
    metrics: createMetrics('test'),
    ...options,
  });
}

/** The registrations of a store, and what closes it. */
export async function openRegistry(options: TestStoreOptions): Promise<Registry & { close(): Promise<void> }> {
  const { registry, close } = await openTestStore(options);
  return { ...registry, close, get fault() {
    return registry.fault;
  } };
}

/** The outbox of a store; closing it closes the store. */
export async function openOutbox(options: TestStoreOptions): Promise<Outbox> {
  const { outbox, close } = await openTestStore(options);
  return {
    ...outbox,
    close,
    get state() {
      return outbox.state;
    },
  };
}
