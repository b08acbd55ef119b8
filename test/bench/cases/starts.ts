/** Cases about a process that has just started. */
import { setTimeout as pause } from 'node:timers/promises';
import { residentBytes } from '../../support/resident.ts';
import { takeSample } from '../measure.ts';
import { warm } from '../pair.ts';
import { type Figures, type Row, rowOf } from '../rows.ts';
import type { BenchCase } from './contract.ts';
import { openSized, type Size } from './sizes.ts';
import { openFew } from './steady.ts';

/** Pushes before which code is not compiled yet. */
const firstPushes = 3_000;
/** Milliseconds until a started process has nothing left to do. */
const idleAfterMs = 15_000;

function start(size: Size): BenchCase {
  const name = `start-${size}`;
  return {
    name,
    describes: `compiled, ${size} registrations: from the start of the process to its first answered publish; CPU of all that, and the time as p50`,
    async run(bench) {
      const { world, plan, report, note } = bench;
      const store = await openSized(bench, size);
      const rounds: Figures[] = [];
      // The first start reads the file into the system's cache, and compiles.
      for (let round = 0; round <= plan.rounds; round += 1) {
        report(`${name}: start ${round} of ${plan.rounds}`);
        const startedAtMs = performance.now();
        await using server = await world.startServer({ store, built: true });
        const work = { store: store.name, provider: 'apns', load: { count: 1, window: 1 } } as const;
        const { problems } = await takeSample(world, server, work);
        note(problems);
        const elapsedMs = performance.now() - startedAtMs;
        const { cpuMicros, peakRssBytes } = await server.usage();
        if (round > 0) rounds.push({ cpuUs: cpuMicros, p50Ms: elapsedMs, rssMb: peakRssBytes / 2 ** 20 });
      }
      return [rowOf({ case: name, provider: 'apns', window: 1 }, rounds)];
    },
  };
}

const first: BenchCase = {
  name: 'first-pushes',
  describes: `compiled: the first ${firstPushes.toLocaleString('en')} pushes of a process, at window 50`,
  comparedWith: 'as many pushes of the same process when it is warm',
  async run(bench) {
    const { world, plan, report, note } = bench;
    const store = await openFew(bench, plan.providers, plan.warmUp + 2 * firstPushes);
    const rows: Row[] = [];
    for (const provider of plan.providers) {
      const rounds: Figures[] = [];
      for (let round = 1; round <= plan.starts; round += 1) {
        report(`first-pushes, ${provider}: start ${round} of ${plan.starts}`);
        await using server = await world.startServer({ store, built: true });
        const work = { store: store.name, provider, load: { count: firstPushes, window: 50 } };
        const cold = await takeSample(world, server, work);
        await warm(world, server, { store, provider, warmUp: { count: plan.warmUp, window: 50 } });
        const warmed = await takeSample(world, server, work);
        note([...cold.problems, ...warmed.problems]);
        const { cpuUs, perSecond, p50Ms, p99Ms, rssMb } = cold;
        rounds.push({ cpuUs, perSecond, p50Ms, p99Ms, rssMb, floorUs: warmed.cpuUs });
      }
      rows.push(rowOf({ case: 'first-pushes', provider, window: 50 }, rounds));
    }
    return rows;
  },
};

const idle: BenchCase = {
  name: 'idle',
  describes: `compiled, one app of each provider, linked, ${idleAfterMs / 1_000} s after its start, no push yet: resident memory`,
  async run({ world, plan, report }) {
    const store = await world.stores.sqlite('idle');
    const rounds: Figures[] = [];
    for (let round = 1; round <= plan.rounds; round += 1) {
      report(`idle: start ${round} of ${plan.rounds}`);
      await using server = await world.startServer({ store, built: true });
      await pause(idleAfterMs);
      rounds.push({ rssMb: (await residentBytes(server.pid)) / 2 ** 20 });
    }
    return [rowOf({ case: 'idle', provider: null, window: null }, rounds)];
  },
};

export const startCases: readonly BenchCase[] = [start('1k'), start('1m'), start('10m'), first, idle];
