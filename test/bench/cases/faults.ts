/** Cases in which a provider refuses pushes or is away. */
import { type Figures, type Row, rowOf } from '../rows.ts';
import { startPair, warm } from '../pair.ts';
import { takeSample } from '../measure.ts';
import type { ProviderName } from '../protocol.ts';
import type { Script } from '../../../src/harness/stand-ins/contract.ts';
import type { BenchCase } from './contract.ts';
import { devicesFor, figuresOf, openFew } from './steady.ts';
import { registerDevices } from '../world.ts';

/** Answers after which the server tries again, and which do not stop an app as long as others are accepted. */
const refusals: Readonly<Record<ProviderName, Script>> = {
  apns: { status: 500, reason: 'InternalServerError' },
  fcm: { status: 500, reason: 'INTERNAL' },
};
/** Longer than any measurement. */
const spellMinutes = 600;
const window = 50;
/** A registration keeps its newest 20 pushes in the outbox, a domain half of all that fit. */
const waitingPerDevice = 15;

export const retried: BenchCase = {
  name: 'retried',
  describes: 'as `steady` at window 50, while the provider refuses every tenth push; until all are accepted',
  comparedWith: 'the bare bridge in the same run, with all accepted',
  async run(bench) {
    const { world, plan, report, note } = bench;
    const store = await openFew(bench, plan.providers, plan.warmUp + plan.rounds * plan.count);
    const rows: Row[] = [];
    for (const provider of plan.providers) {
      report(`retried, ${provider}: warming up`);
      await using pair = await startPair(world, { store, provider, warmUp: { count: plan.warmUp, window } });
      const { standIn } = world.providers[provider];
      const work = { store: store.name, provider, load: { count: plan.count, window } };
      const rounds: Figures[] = [];
      note(pair.problems);
      for (let round = 1; round <= plan.rounds; round += 1) {
        report(`retried, ${provider}: round ${round} of ${plan.rounds}`);
        const floor = await takeSample(world, pair.floor, work);
        await standIn.call('schedule', [{ minutes: spellMinutes, mix: [{ share: 0.1, script: refusals[provider] }] }]);
        const server = await takeSample(world, pair.server, work, { refusals: true });
        await standIn.call('schedule', []);
        note([...floor.problems, ...server.problems].map((problem) => `retried, ${provider}: ${problem}`));
        rounds.push(figuresOf(server, floor.cpuUs));
      }
      rows.push(rowOf({ case: 'retried', provider, window }, rounds));
    }
    return rows;
  },
};

export const outage: BenchCase = {
  name: 'outage',
  describes:
    'the provider refuses connections: publishes are stored (`outage-enqueue`, window 500); then it is back and gets all (`outage-drain`)',
  async run(bench) {
    const { world, plan, report, note } = bench;
    const store = await world.stores.sqlite('few');
    const count = Math.min(plan.count, 10_000);
    await registerDevices(
      world,
      store,
      plan.providers,
      Math.max(devicesFor(plan.warmUp), Math.ceil(count / waitingPerDevice)),
    );
    const rows: Row[] = [];
    for (const provider of plan.providers) {
      const { standIn } = world.providers[provider];
      const enqueued: Figures[] = [];
      const drained: Figures[] = [];
      for (let start = 1; start <= plan.starts; start += 1) {
        report(`outage, ${provider}: start ${start} of ${plan.starts}`);
        await using server = await world.startServer({ store });
        await warm(world, server, { store, provider, warmUp: { count: plan.warmUp, window } });
        const work = { store: store.name, provider, load: { count, window: 500 } };
        await standIn.call('port', 'closed');
        const stored = await takeSample(world, server, work, { accepted: 0 });
        await standIn.call('port', 'open');
        note(stored.problems.map((problem) => `outage, ${provider}: ${problem}`));
        enqueued.push(figuresOf(stored));
        drained.push(await drain(count));

        /** Waits for what is stored; its rate counts from the first push that arrives. */
        async function drain(pushes: number): Promise<Figures> {
          const acceptedBefore = (await standIn.call('tally', undefined))['200'] ?? 0;
          const accepted = async () => ((await standIn.call('tally', undefined))['200'] ?? 0) - acceptedBefore;
          const before = await server.usage();
          await until(async () => (await accepted()) > 0);
          const startedAtMs = performance.now();
          await until(async () => (await accepted()) >= pushes);
          const elapsedMs = performance.now() - startedAtMs;
          const after = await server.usage();
          const arrived = await accepted();
          if (arrived !== pushes)
            note([`outage, ${provider}: ${arrived} pushes arrived of ${pushes} that were stored`]);
          return {
            cpuUs: (after.cpuMicros - before.cpuMicros) / pushes,
            perSecond: (pushes / elapsedMs) * 1000,
            rssMb: after.peakRssBytes / 2 ** 20,
          };
        }
      }
      rows.push(rowOf({ case: 'outage-enqueue', provider, window: 500 }, enqueued));
      rows.push(rowOf({ case: 'outage-drain', provider, window: null }, drained));
    }
    return rows;
  },
};

/** Milliseconds: pauses after an outage grow to minutes, and what is stored goes out at 200 a second. */
const drainedWithinMs = 600_000;

async function until(holds: () => Promise<boolean>): Promise<void> {
  const endsAtMs = performance.now() + drainedWithinMs;
  while (!(await holds()) && performance.now() < endsAtMs) await new Promise((resolve) => setTimeout(resolve, 50));
}
