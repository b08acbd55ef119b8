import type { Clock } from '../../time/clock.ts';
import type { Secret } from '../../core/secret.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Registry } from './contract.ts';
import { createRegistry, type RegistryOptions } from './registry.ts';
import { watchFile } from '../sqlite/file-watch.ts';
import { openSqlite } from './sqlite.ts';
import { StoreError } from '../store-error.ts';
import { forgetRemoved } from './forget-removed.ts';

/** Which database: a SQLite file by its absolute path, or a PostgreSQL URL. */
export type StoreLocation =
  { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'postgres'; readonly url: Secret };

export interface OpenRegistryOptions {
  readonly store: StoreLocation;
  readonly clock: Clock;
  readonly nodes: RegistryOptions['nodes'];
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * Opens the store that the config names.
 * @throws StoreError with what to do about it
 */
export async function openRegistry({ store, clock, nodes, log, metrics }: OpenRegistryOptions): Promise<Registry> {
  if (store.kind === 'postgres') {
    throw new StoreError('registrations in PostgreSQL are not available yet', 'Use store: sqlite:PATH.');
  }
  const { db, isNew, probe } = await openSqlite(store.path);
  if (isNew) {
    log.warn(
      { file: store.path, hint: 'If there were registrations before, stop and put the old file back.' },
      'made a new, empty store',
    );
  }
  const registry = await createRegistry({ db, clock, nodes, metrics });
  const stopForgetting = forgetRemoved({ db, clock, log });
  const watch = watchFile({ path: store.path, probe, clock, log, metrics });
  /** What is written to a file that no path leads to any more would be gone with this process. */
  const refuseWhenLost = () => {
    const fault = watch.lost();
    if (fault) throw new StoreError(`the file of the store is not in its place (${fault.reason})`, fault.hint);
  };
  return {
    ...registry,
    async register(request) {
      refuseWhenLost();
      return registry.register(request);
    },
    async unregister(match) {
      refuseWhenLost();
      return registry.unregister(match);
    },
    async importRegistrations(batch) {
      refuseWhenLost();
      return registry.importRegistrations(batch);
    },
    get fault() {
      return watch.fault;
    },
    async close() {
      watch.stop();
      await stopForgetting();
      await registry.close();
    },
  };
}
