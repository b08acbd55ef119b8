import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from '../../time/clock.ts';
import type { Health } from '../health-report.ts';
import type { Failure } from './failures.ts';
import { readFigures } from './figures.ts';
import { type CredentialOverview, type LinkOverview, readCredentials, readLinks } from './standing.ts';

/** One app, counted since the start of the process. */
export interface AppOverview {
  readonly app: string;
  /** Pushes by result: `accepted`, `retry` … */
  readonly results: Readonly<Record<string, number>>;
  /** Pushes whose time to the provider and back was measured, and the sum of these times in seconds. */
  readonly timed: number;
  readonly seconds: number;
  readonly registrations: number;
  /** Pushes in the outbox, and when the oldest was stored (ISO 8601); absent: none is known. */
  readonly queued: number;
  readonly oldestQueuedAt?: string;
}

/** What the console shows, free of accounts, nodes and tokens. */
export interface Overview {
  /** ISO 8601. */
  readonly at: string;
  /** The state in one sentence. */
  readonly sentence: string;
  readonly health: Health;
  readonly apps: readonly AppOverview[];
  readonly links: readonly LinkOverview[];
  readonly credentials: readonly CredentialOverview[];
  /** The latest first. */
  readonly failures: readonly Failure[];
}

export interface OverviewOptions {
  readonly health: () => Promise<Health>;
  readonly metrics: Metrics;
  readonly failures: () => readonly Failure[];
  readonly clock: Pick<Clock, 'now'>;
}

/** Makes the function that looks at everything once. */
export function createOverview({ health, metrics, failures, clock }: OverviewOptions): () => Promise<Overview> {
  return async () => {
    const state = await health();
    const figures = await readFigures(metrics);
    const apps = figures.apps.map((one): AppOverview => {
      const { app, results, timed, seconds, registrations, queued, oldestQueuedAtMs } = one;
      return {
        ...{ app, results, timed, seconds, registrations, queued },
        ...(oldestQueuedAtMs !== undefined && { oldestQueuedAt: new Date(oldestQueuedAtMs).toISOString() }),
      };
    });
    const [links, credentials] = await Promise.all([readLinks(metrics), readCredentials(metrics, clock.now())]);
    return {
      at: new Date(clock.now()).toISOString(),
      sentence: describe(state),
      health: state,
      ...{ apps, links, credentials, failures: failures() },
    };
  };
}

function describe({ status, checks }: Health): string {
  const parts = Object.entries(checks).filter(([, check]) => check.status !== 'pass');
  const [first] = parts;
  if (!first) return 'All is well: every part works.';
  const [name, { reason = 'it does not work' }] = first;
  const others = parts.length === 1 ? '' : `, and ${parts.length - 1} more`;
  const begin = status === 'fail' ? 'No notification can be delivered' : 'Somebody should look';
  return `${begin}: ${name}: ${reason}${others}.`;
}
