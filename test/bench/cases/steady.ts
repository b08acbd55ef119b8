/** Cases that publish at full speed, the server and its floor in turn. */
import type { ProviderName } from '../protocol.ts';
import { type Figures, type Row, rowOf } from '../rows.ts';
import { type PairStart, startPair } from '../pair.ts';
import type { Store } from '../stores.ts';
import { registerDevices } from '../world.ts';
import type { Bench, BenchCase } from './contract.ts';

const floorText = 'the bare bridge in the same run';

/** A registration may get 100 pushes at once; beyond that they wait in the outbox. */
const pushesPerDevice = 50;

/** How many devices a process can publish to in turn for as long as a case lasts, without reaching their rate limit. */
export function devicesFor(pushes: number): number {
  return Math.max(1_000, Math.ceil(pushes / pushesPerDevice));
}

export interface SteadyOptions {
  readonly name: string;
  /** Prepares the store for so many pushes by each process. */
  openStore(bench: Bench, providers: readonly ProviderName[], pushes: number): Promise<Store>;
  readonly server?: Pick<PairStart, 'built'>;
  /** Default: those of the plan. */
  readonly windows?: readonly number[];
}

/** A SQLite file with as many devices as the case needs: a thousand or a few. */
export async function openFew(bench: Bench, providers: readonly ProviderName[], pushes: number): Promise<Store> {
  const store = await bench.world.stores.sqlite('few');
  bench.report(`registering devices`);
  await registerDevices(bench.world, store, providers, devicesFor(pushes));
  return store;
}

/** Publishes in windows, for each provider. */
export async function runSteady(bench: Bench, { name, openStore, server, windows }: SteadyOptions): Promise<Row[]> {
  const { world, plan, report, note } = bench;
  const chosen = (windows ?? plan.windows).toSorted((a, b) => a - b);
  const countAt = (window: number) => (window === 1 ? Math.ceil(plan.count / 4) : plan.count);
  const pushes = plan.warmUp + plan.rounds * chosen.reduce((sum, window) => sum + countAt(window), 0);
  const store = await openStore(bench, plan.providers, pushes);
  const rounds = new Map<string, Figures[]>();
  for (let start = 1; start <= plan.starts; start += 1) {
    for (const provider of plan.providers) {
      report(`${name}, ${provider}, start ${start} of ${plan.starts}: warming up`);
      const warmUp = { count: plan.warmUp, window: Math.max(...chosen) };
      await using pair = await startPair(world, { ...server, store, provider, warmUp });
      note(pair.problems);
      for (const window of chosen) {
        report(`${name}, ${provider}, start ${start} of ${plan.starts}: window ${window}`);
        const measured = await pair.alternate({ count: countAt(window), window }, plan.rounds);
        const figures = measured.map(({ server: own, floor }) => {
          note(
            [...own.problems, ...floor.problems].map((problem) => `${name}, ${provider}, window ${window}: ${problem}`),
          );
          return figuresOf(own, floor.cpuUs);
        });
        const key = `${provider} ${window}`;
        rounds.set(key, [...(rounds.get(key) ?? []), ...figures]);
      }
    }
  }
  return plan.providers.flatMap((provider) =>
    chosen.map((window) => rowOf({ case: name, provider, window }, rounds.get(`${provider} ${window}`) ?? [])),
  );
}

/** The figures of a row, without those that only the measuring needs. */
export function figuresOf(
  { cpuUs, perSecond, p50Ms, p99Ms, rssMb }: Required<Omit<Figures, 'floorUs' | 'ratio'>>,
  floorUs?: number,
): Figures {
  return { cpuUs, perSecond, p50Ms, p99Ms, rssMb, ...(floorUs !== undefined && { floorUs }) };
}

export const steady: BenchCase = {
  name: 'steady',
  describes: 'all pushes accepted, at full speed, a few thousand registrations, SQLite, from source',
  comparedWith: floorText,
  run: (bench) => runSteady(bench, { name: 'steady', openStore: openFew }),
};

export const built: BenchCase = {
  name: 'built',
  describes: 'as `steady` at window 50, compiled (`npm run build`)',
  comparedWith: floorText,
  run: (bench) => runSteady(bench, { name: 'built', openStore: openFew, server: { built: true }, windows: [50] }),
};

export const postgres: BenchCase = {
  name: 'postgres',
  describes: 'as `steady` at windows 50 and 500, on PostgreSQL on the same machine; its own processes are not counted',
  comparedWith: `${floorText}, which looks up in SQLite`,
  run: (bench) =>
    runSteady(bench, {
      name: 'postgres',
      windows: [50, 500],
      async openStore({ world }, providers, pushes) {
        const store = await world.stores.postgres('postgres');
        await registerDevices(world, store, providers, devicesFor(pushes));
        return store;
      },
    }),
};
