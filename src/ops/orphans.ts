/** Registrations of apps that are not in the config: they are kept, for the app may come back. */
import type { Log } from '../telemetry/log.ts';
import { errorCode } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';

/** Between two counts, milliseconds: apps leave the config with a restart, so that one a day shows what the first missed. */
const countEveryMs = 86_400_000;

export interface OrphansOptions {
  readonly registry: { count(): Promise<ReadonlyMap<string, number>> };
  /** Names of the apps in the config. */
  readonly apps: ReadonlySet<string>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Orphans {
  /** Counts now, and once a day from then on; a count that fails is tried again the next day. */
  start(): void;
  /** How many there are, by the name of the app that the config once had. */
  readonly counts: ReadonlyMap<string, number>;
  /** Resolves when no count is under way and none will begin. */
  stop(): Promise<void>;
}

export function createOrphans({ registry, apps, clock, log, metrics }: OrphansOptions): Orphans {
  let counts: ReadonlyMap<string, number> = new Map();
  let counting = Promise.resolve();
  let cancel = () => {};
  let isStopped = false;
  metrics.orphanedRegistrations.set(0);

  async function count(): Promise<void> {
    counts = new Map([...(await registry.count())].filter(([app]) => !apps.has(app)));
    metrics.orphanedRegistrations.set([...counts.values()].reduce((sum, registrations) => sum + registrations, 0));
    for (const [app, registrations] of counts) {
      const hint = 'they are kept; servers hear that it cannot be done now, until the app is in the config again';
      log.warn({ app, count: registrations, hint }, 'registrations of an app that is not in the config');
    }
  }

  function start(): void {
    counting = count()
      .catch((error: unknown) => log.warn({ reason: errorCode(error) }, 'registrations could not be counted'))
      .then(() => {
        if (!isStopped) cancel = clock.after(countEveryMs, start);
      });
  }

  return {
    start,
    get counts() {
      return counts;
    },
    async stop() {
      isStopped = true;
      cancel();
      await counting;
    },
  };
}
