/** Cases at a steady rate, with a provider that takes its time: the latency that users see. */
import { type Figures, type Row, rowOf } from '../rows.ts';
import { startPair } from '../pair.ts';
import type { BenchCase } from './contract.ts';
import { figuresOf, openFew } from './steady.ts';

/** Milliseconds until a provider answers, as those far away do. Subtracted from the latencies. */
const delayMs = 30;
/** Seconds of one measurement. */
const seconds = 10;

function undelayed(figures: Figures): Figures {
  const { p50Ms = 0, p99Ms = 0 } = figures;
  return { ...figures, p50Ms: p50Ms - delayMs, p99Ms: p99Ms - delayMs };
}

function paced(perSecond: number): BenchCase {
  const name = `paced-${perSecond}`;
  return {
    name,
    describes: `${perSecond.toLocaleString('en')} pushes a second, each answered by the provider after ${delayMs} ms, which the times leave out; the same of the floor is \`${name}-floor\``,
    comparedWith: 'the bare bridge in the same run, at the same rate',
    async run(bench) {
      const { world, plan, report, note } = bench;
      const load = { count: perSecond * seconds, perSecond };
      const store = await openFew(bench, plan.providers, plan.warmUp + plan.rounds * load.count);
      const rows: Row[] = [];
      for (const provider of plan.providers) {
        report(`${name}, ${provider}: warming up`);
        const warmUp = { count: plan.warmUp, window: 50 };
        await using pair = await startPair(world, { store, provider, warmUp });
        const { standIn } = world.providers[provider];
        await standIn.call('script', { token: '*', script: { delayMs } });
        report(`${name}, ${provider}`);
        const measured = await pair.alternate(load, plan.rounds);
        await standIn.call('script', { token: '*' });
        const late = measured
          .flatMap(({ server, floor }) => [server, floor])
          .filter((each) => each.perSecond < perSecond * 0.95);
        note([
          ...pair.problems,
          ...measured.flatMap(({ server, floor }) => [...server.problems, ...floor.problems]),
          ...late.map((each) => `${name}: only ${each.perSecond.toFixed(0)} a second went through`),
        ]);
        const own = measured.map(({ server, floor }) => undelayed(figuresOf(server, floor.cpuUs)));
        // Generator and stand-in have their pauses too: what both subjects wait for is not the server's.
        const bare = measured.map(({ floor }) => undelayed(figuresOf(floor)));
        rows.push(rowOf({ case: name, provider, window: null }, own));
        rows.push(rowOf({ case: `${name}-floor`, provider, window: null }, bare));
      }
      return rows;
    },
  };
}

export const pacedCases: readonly BenchCase[] = [paced(100), paced(1_500)];
