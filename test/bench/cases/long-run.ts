/** Whether memory grows with the number of nodes and publishers that were ever seen. */
import { residentBytes } from '../../support/resident.ts';
import { takeSample } from '../measure.ts';
import { type Row, rowOf } from '../rows.ts';
import { registerDevices } from '../world.ts';
import type { BenchCase } from './contract.ts';

/** A run has so many parts; the plan's count is a thousandth of a part: with the default, five million in all. */
const parts = 5;
const perPart = 100;
const devices = 5_000;
const unlimited = { burst: 10_000_000, perMinute: 600_000_000 };

export const longRun: BenchCase = {
  name: 'long-run',
  describes:
    'five million publishes (500 times --count), every other one from a server that was never seen to a node that nobody has: resident memory after each fifth',
  comparedWith: 'ratio: resident memory after the first fifth',
  async run({ world, plan, report, note }) {
    const store = await world.stores.sqlite('long run');
    await registerDevices(world, store, ['apns'], devices);
    // A device may get far fewer pushes in an hour than it gets here in minutes.
    const config = {
      limits: { publishesPerDomain: unlimited, pushesPerRegistration: unlimited, pushesPerToken: unlimited },
    };
    await using server = await world.startServer({ store, config });
    const rows: Row[] = [];
    let firstMb: number | undefined;
    const count = plan.count * perPart;
    for (let part = 1; part <= parts; part += 1) {
      report(`long-run: part ${part} of ${parts}`);
      const half = count / 2;
      const sample = await takeSample(
        world,
        server,
        { store: store.name, provider: 'apns', load: { count, window: 200 }, withStrangers: true },
        { answers: { result: half, 'cancel/item-not-found': half }, accepted: half },
      );
      note(sample.problems.map((problem) => `long-run: ${problem}`));
      const rssMb = (await residentBytes(server.pid)) / 2 ** 20;
      firstMb ??= rssMb;
      const { cpuUs, perSecond, p50Ms, p99Ms } = sample;
      const figures = { cpuUs, perSecond, p50Ms, p99Ms, rssMb, ratio: rssMb / firstMb };
      rows.push(rowOf({ case: `long-run-${part}`, provider: 'apns', window: 200 }, [figures]));
    }
    return rows;
  },
};
