/** Measures whether an app whose provider hangs slows another app: p99 of FCM while APNs works and while it hangs. */
import { setTimeout as pause } from 'node:timers/promises';
import { describeUnexpected } from './measure.ts';
import { domains, type LoadReport } from './protocol.ts';
import type { Plan } from './rounds.ts';
import { median } from './statistics.ts';
import { align } from './table.ts';
import type { World } from './world.ts';

/** Publishes to the app that hangs: three times its concurrency limit, and fewer than the link reads. */
const hanging = 1_500;
/** Hung pushes to wait for: nearly the concurrency limit; one over a connection that was never accepted. */
const hungEnough = { warm: 400, cold: 1 } as const;
const window = 50;
/** Time for the pushes queued to the hanging app to arrive, so that the next round starts with none. */
const settledWithinMs = 60_000;

/** Whether the hanging app had working connections before. */
type Start = 'warm' | 'cold';

/** Latency of FCM while APNs works and while it hangs. */
interface Pair {
  readonly alone: LoadReport;
  readonly beside: LoadReport;
}

export interface Isolation {
  readonly text: string;
  readonly problems: readonly string[];
}

/** @param report is called with what will be measured next */
export async function measureIsolation(
  world: World,
  { rounds, count, warmUp }: Pick<Plan, 'rounds' | 'count' | 'warmUp'>,
  report: (text: string) => void,
): Promise<Isolation> {
  const { generator, targets } = world;
  const domain = domains.server;
  const { standIn } = targets.apns;
  const problems: string[] = [];
  const pairs: Record<Start, Pair[]> = { warm: [], cold: [] };

  const blastFcm = async (): Promise<LoadReport> => {
    const load = await generator.call('blast', { domain, provider: 'fcm', load: { count, window } });
    problems.push(...describeUnexpected(load.answers, 'result', count).map((problem) => `FCM: ${problem}`));
    return load;
  };
  const tallyOf = async (word: string) => (await standIn.call('tally', undefined))[word] ?? 0;

  async function measure(start: Start): Promise<void> {
    await using server = await world.startServer();
    for (const provider of start === 'warm' ? (['apns', 'fcm'] as const) : (['fcm'] as const))
      await generator.call('blast', { domain, provider, load: { count: warmUp, window } });
    const alone = await blastFcm();

    const [hungBefore, takenBefore] = [await tallyOf('0'), await tallyOf('200')];
    await standIn.call('script', { token: '*', script: { fault: 'hang' } });
    const progress = { isOver: false };
    const stuck = generator
      .call('blast', { domain, provider: 'apns', load: { count: hanging, window: hanging } })
      .finally(() => (progress.isOver = true));
    while ((await tallyOf('0')) - hungBefore < hungEnough[start] && !progress.isOver) await pause(20);
    const beside = await blastFcm();
    // A load that lasts longer than an attempt would be measured beside an app whose circuit is open.
    if (progress.isOver) problems.push('APNs had its answers before FCM was measured: take a smaller --count');
    await standIn.call('script', { token: '*' });
    const { answers } = await stuck;
    problems.push(...describeUnexpected(answers, 'result', hanging).map((problem) => `APNs: ${problem}`));
    pairs[start].push({ alone, beside });
    await settle(async () => (await tallyOf('200')) - takenBefore >= hanging);
    if (problems.length > 0 && server.complaint) problems.push(`the server's log: ${server.complaint}`);
  }

  for (let round = 1; round <= rounds; round += 1) {
    for (const start of ['warm', 'cold'] as const) {
      report(`round ${round} of ${rounds}: FCM beside APNs, ${start}`);
      await measure(start);
    }
  }
  return { text: `${write('warm', pairs.warm)}\n\n${write('cold', pairs.cold)}`, problems };
}

async function settle(isSettled: () => Promise<boolean>): Promise<void> {
  const endsAtMs = performance.now() + settledWithinMs;
  while (!(await isSettled()) && performance.now() < endsAtMs) await pause(200);
}

function write(start: Start, pairs: readonly Pair[]): string {
  const figures = (name: string, reports: readonly LoadReport[]) => [
    name,
    Math.round(median(reports.map(({ count, durationMs }) => (count / durationMs) * 1000))).toLocaleString('en'),
    median(reports.map(({ p50Ms }) => p50Ms)).toFixed(1),
    median(reports.map(({ p99Ms }) => p99Ms)).toFixed(1),
  ];
  const ratios = pairs.map(({ alone, beside }) => beside.p99Ms / alone.p99Ms);
  const range = `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`;
  return `${align([
    ['FCM, window 50', '/s', 'p50 ms', 'p99 ms'],
    figures(
      'APNs well',
      pairs.map(({ alone }) => alone),
    ),
    figures(
      `APNs hangs with ${hanging}, ${start}`,
      pairs.map(({ beside }) => beside),
    ),
  ])}

p99 beside the hanging app to p99 without: ${median(ratios).toFixed(2)} [${range}]`;
}
