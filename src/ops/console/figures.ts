import type { PushResult } from '../../core/push.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

/** Every kind of push result, in the order in which the console shows them. */
export const resultKinds = [
  'accepted',
  'retry',
  'dead-token',
  'payload-rejected',
  'misconfigured',
] as const satisfies readonly PushResult['kind'][];

/** How many pushes took at most this many seconds. */
export interface Bucket {
  /** Infinity: all of them. */
  readonly seconds: number;
  readonly count: number;
}

/** What the metrics say of one app. Counts are since the start of the process. */
export interface AppFigures {
  readonly app: string;
  /** Pushes by result. */
  readonly results: Readonly<Record<string, number>>;
  /** Pushes whose time to the provider and back was measured, the sum of these times in seconds, and how they are spread. */
  readonly timed: number;
  readonly seconds: number;
  /** From the least time to the longest, each with what the ones before it have. */
  readonly buckets: readonly Bucket[];
  readonly registrations: number;
  /** Pushes in the outbox, and when the oldest was stored, milliseconds since 1970; undefined: none is known. */
  readonly queued: number;
  readonly oldestQueuedAtMs: number | undefined;
}

/** What the metrics say of notifications and pushes at one moment. */
export interface Figures {
  /** Publishes that were taken (`result`), and those that got any other answer, since the start of the process. */
  readonly publishes: { readonly taken: number; readonly refused: number };
  /** In the order of their names. */
  readonly apps: readonly AppFigures[];
}

interface Sample {
  readonly labels: Partial<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

/** Reads the metrics. Nothing is counted for it: the store is not asked. */
export async function readFigures(metrics: Metrics): Promise<Figures> {
  const [pushes, durations, registrations, depth, oldest, publishes] = await Promise.all([
    metrics.pushes.get(),
    metrics.pushDuration.get(),
    metrics.registrations.get(),
    metrics.outboxDepth.get(),
    metrics.outboxOldest.get(),
    metrics.publishes.get(),
  ]);
  const names = [...new Set(pushes.values.map(({ labels }) => String(labels.app)))].toSorted();
  const apps = names.map((app): AppFigures => {
    const of = (samples: readonly Sample[]) => samples.filter(({ labels }) => labels['app'] === app);
    const times = of(durations.values);
    const oldestSeconds = sum(of(oldest.values));
    return {
      app,
      results: Object.fromEntries(of(pushes.values).map(({ labels, value }) => [String(labels['result']), value])),
      timed: sum(times.filter(({ metricName }) => metricName?.endsWith('_count'))),
      seconds: sum(times.filter(({ metricName }) => metricName?.endsWith('_sum'))),
      buckets: bucketsOf(times),
      registrations: sum(of(registrations.values)),
      queued: sum(of(depth.values)),
      oldestQueuedAtMs: oldestSeconds > 0 ? oldestSeconds * 1_000 : undefined,
    };
  });
  const taken = sum(publishes.values.filter(({ labels }) => labels.answer === 'result'));
  return { publishes: { taken, refused: sum(publishes.values) - taken }, apps };
}

function bucketsOf(samples: readonly Sample[]): Bucket[] {
  const counts = new Map<number, number>();
  for (const { labels, value, metricName } of samples) {
    if (!metricName?.endsWith('_bucket')) continue;
    const seconds = labels['le'] === '+Inf' ? Infinity : Number(labels['le']);
    counts.set(seconds, (counts.get(seconds) ?? 0) + value);
  }
  return [...counts].map(([seconds, count]) => ({ seconds, count })).toSorted((a, b) => a.seconds - b.seconds);
}

function sum(samples: readonly Sample[]): number {
  return samples.reduce((total, { value }) => total + value, 0);
}
