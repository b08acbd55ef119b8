/** Whether an app whose provider hangs slows another app: FCM while APNs works and while it hangs. */
import { setTimeout as pause } from 'node:timers/promises';
import { takeSample } from '../measure.ts';
import { warm } from '../pair.ts';
import { domains } from '../protocol.ts';
import { type Figures, type Row, rowOf } from '../rows.ts';
import type { Bench, BenchCase } from './contract.ts';
import { openFew } from './steady.ts';

/** Publishes to the app that hangs: three times its concurrency limit, and fewer than the link reads. */
const hanging = 1_500;
/** Hung pushes to wait for: nearly the concurrency limit; one over a connection that was never accepted. */
const hungEnough = { warm: 400, cold: 1 } as const;
const window = 50;
/** Milliseconds for the pushes queued to the hanging app to arrive, so that the next round starts with none. */
const settledWithinMs = 60_000;

/** Whether the hanging app had working connections before. */
type Start = keyof typeof hungEnough;

export const isolation: BenchCase = {
  name: 'isolation',
  describes:
    'FCM at window 50 while APNs hangs with 1,500 publishes; APNs had worked before (`isolation-warm`) or not (`isolation-cold`)',
  comparedWith: 'ratio: p99 while APNs is well',
  async run(bench) {
    const rows: Row[] = [];
    for (const start of ['warm', 'cold'] as const) {
      const rounds: Figures[] = [];
      for (let round = 1; round <= bench.plan.starts; round += 1) {
        bench.report(`isolation-${start}: round ${round} of ${bench.plan.starts}`);
        rounds.push(await measure(bench, start));
      }
      rows.push(rowOf({ case: `isolation-${start}`, provider: 'fcm', window }, rounds));
    }
    return rows;
  },
};

async function measure(bench: Bench, start: Start): Promise<Figures> {
  const { world, plan, note } = bench;
  const { standIn } = world.providers.apns;
  const store = await openFew(bench, ['apns', 'fcm'], plan.warmUp + 2 * plan.count);
  await using server = await world.startServer({ store });
  for (const provider of start === 'warm' ? (['apns', 'fcm'] as const) : (['fcm'] as const))
    await warm(world, server, { store, provider, warmUp: { count: plan.warmUp, window } });
  const work = { store: store.name, provider: 'fcm', load: { count: plan.count, window } } as const;
  const tallyOf = async (word: string) => (await standIn.call('tally', undefined))[word] ?? 0;

  const alone = await takeSample(world, server, work);
  const [hungBefore, takenBefore] = [await tallyOf('0'), await tallyOf('200')];
  await standIn.call('script', { token: '*', script: { fault: 'hang' } });
  const progress = { isOver: false };
  const load = { count: hanging, window: hanging };
  const stuck = world.generator
    .call('blast', { store: store.name, domain: domains.server, provider: 'apns', load })
    .finally(() => (progress.isOver = true));
  while ((await tallyOf('0')) - hungBefore < hungEnough[start] && !progress.isOver) await pause(20);
  const beside = await takeSample(world, server, work);
  // A load that lasts longer than an attempt would be measured beside an app whose circuit is open.
  if (progress.isOver) note(['APNs had its answers before FCM was measured: take a smaller --count']);
  await standIn.call('script', { token: '*' });
  const { answers } = await stuck;
  if (answers['result'] !== hanging) note([`APNs, which hung: ${JSON.stringify(answers)}`]);
  note([...alone.problems, ...beside.problems]);
  const endsAtMs = performance.now() + settledWithinMs;
  while ((await tallyOf('200')) - takenBefore < hanging && performance.now() < endsAtMs) await pause(200);
  const { cpuUs, perSecond, p50Ms, p99Ms, rssMb } = beside;
  return { cpuUs, perSecond, p50Ms, p99Ms, rssMb, ratio: p99Ms / alone.p99Ms };
}
