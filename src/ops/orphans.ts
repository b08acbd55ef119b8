/** Registrations of apps that are not in the config. They are kept, since the app may return. */
import type { Log } from '../telemetry/log.ts';
import { errorCode } from '../telemetry/error-code.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';

/** Milliseconds between two counts. When the apps of the config change, they are counted at once. */
const countEveryMs = 86_400_000;

export interface OrphansOptions {
  readonly registry: { count(): Promise<ReadonlyMap<string, number>> };
  /** Names of the apps in the config. */
  readonly apps: ReadonlySet<string>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Watches for registrations of unknown apps. */
export interface Orphans {
  /** Counts now and then once a day. A failed count is repeated the next day. */
  start(): void;
  /** From now on these are the apps of the config. Counts anew. */
  setApps(apps: ReadonlySet<string>): void;
  /** Number of registrations by the name of the former app. */
  readonly counts: ReadonlyMap<string, number>;
  /** Resolves when no count is under way and none will start. */
  stop(): Promise<void>;
}

/** Counts nothing before `start`. */
export function createOrphans({ registry, clock, log, metrics, ...options }: OrphansOptions): Orphans {
  let { apps } = options;
  let counts: ReadonlyMap<string, number> = new Map();
  let counting = Promise.resolve();
  let cancel = () => {};
  let isStopped = false;
  metrics.orphanedRegistrations.set({}, 0);

  async function count(): Promise<void> {
    counts = new Map([...(await registry.count())].filter(([app]) => !apps.has(app)));
    metrics.orphanedRegistrations.set(
      {},
      [...counts.values()].reduce((sum, registrations) => sum + registrations, 0),
    );
    for (const [app, registrations] of counts) {
      const hint = 'they are kept; until the app is in the config again, servers are told to try later';
      log.warn({ app, count: registrations, hint }, 'registrations of an app that is not in the config');
    }
  }

  function start(): void {
    cancel();
    counting = count()
      .catch((error: unknown) => log.warn({ reason: errorCode(error) }, 'registrations could not be counted'))
      .then(() => {
        if (!isStopped) cancel = clock.after(countEveryMs, start);
      });
  }

  return {
    start,
    setApps(next) {
      apps = next;
      void counting.then(() => {
        if (!isStopped) start();
      });
    },
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
