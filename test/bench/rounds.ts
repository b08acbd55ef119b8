/** The rounds of the benchmark; each measures every cell next to its floor. */
import { type Cell, measureComponent, type Measurement, measureSender, measureServer } from './measure.ts';
import type { Load, ProviderName, PushRequest } from './protocol.ts';
import type { World } from './world.ts';

export interface Plan {
  readonly providers: readonly ProviderName[];
  readonly windows: readonly number[];
  /** Notifications per cell; a quarter of them at window 1, which takes much longer. */
  readonly count: number;
  readonly warmUp: number;
  readonly rounds: number;
}

/** A cell and its floor, measured in the same round. */
export interface CellResult {
  readonly provider: ProviderName;
  readonly window: number;
  readonly server: Measurement;
  readonly sender: Measurement;
  readonly component: Measurement;
}

/** The cell of a provider at a window. */
export function cellOf(provider: ProviderName, window: number, { count, warmUp }: Plan): Cell {
  const load: Load = { window, count: window === 1 ? Math.ceil(count / 4) : count };
  // Never one by one, since the warm-up is not measured and should be short.
  return { provider, load, warmUp: { window: Math.max(window, 50), count: warmUp } };
}

/** @param report is called with what will be measured next */
export async function runRounds(
  world: World,
  plan: Plan,
  requests: Readonly<Record<ProviderName, readonly PushRequest[]>>,
  report: (text: string) => void,
): Promise<CellResult[]> {
  const results: CellResult[] = [];
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const window of plan.windows) {
      for (const provider of plan.providers) {
        report(`round ${round} of ${plan.rounds}: ${provider}, window ${window}`);
        const cell = cellOf(provider, window, plan);
        const component = await measureComponent(world, cell);
        const sender = await measureSender(world, cell, requests[provider]);
        const server = await measureServer(world, cell);
        results.push({ provider, window, server, sender, component });
      }
    }
  }
  return results;
}

/** CPU of the server as a multiple of its two floors together. */
export function ratioOf({ server, sender, component }: CellResult): number {
  return server.cpuMicros / (sender.cpuMicros + component.cpuMicros);
}
