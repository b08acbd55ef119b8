import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from '../../time/clock.ts';
import type { Registry } from './contract.ts';

/** Milliseconds between two counts. */
const countEveryMs = 60_000;

export interface WatchCountsOptions {
  readonly registry: Pick<Registry, 'count'>;
  readonly clock: Pick<Clock, 'after'>;
  readonly metrics: Pick<Metrics, 'registrations'>;
}

/** Counts the registrations of a store that other processes change too, for the metric. Returns what ends it. */
export function watchCounts({ registry, clock, metrics }: WatchCountsOptions): () => void {
  let cancel = () => {};
  async function count(): Promise<void> {
    try {
      for (const [app, registrations] of await registry.count()) metrics.registrations.set({ app }, registrations);
    } catch {
      // The last figures hold until the database answers again.
    }
  }
  const again = (): void => {
    cancel = clock.after(countEveryMs, () => void count().finally(again));
  };
  again();
  return () => cancel();
}
