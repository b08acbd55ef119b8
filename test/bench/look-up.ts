/** The process that looks registrations up, with the registry of the server. */
import { systemClock } from '../../src/time/clock.ts';
import { nodeNames } from '../support/nodes.ts';
import { openRegistry } from '../support/store.ts';
import { quietTelemetry } from '../support/telemetry.ts';
import { answerCalls } from './calls.ts';
import type { LookUpCalls } from './protocol.ts';
import { quantile } from './statistics.ts';
import { readOwnUsage, resetPeak } from './usage.ts';

/** Coprime with any number of nodes that is used, so that neighbours in the table are not asked for one after the other. */
const stride = 7_919;

let registry: Awaited<ReturnType<typeof openRegistry>>;
let nodes: readonly string[] = [];

answerCalls<LookUpCalls>({
  async open(input) {
    const store = { kind: 'sqlite', path: input.path } as const;
    registry = await openRegistry({ store, clock: systemClock, nodes: nodeNames(), ...quietTelemetry() });
    nodes = input.nodes;
    return undefined;
  },
  async measure({ count }) {
    const timesMs = new Float64Array(count);
    await resetPeak('self');
    const before = await readOwnUsage();
    const startedAtMs = performance.now();
    for (let i = 0; i < count; i += 1) {
      const node = nodes[(i * stride) % nodes.length] ?? '';
      const askedAtMs = performance.now();
      if (!(await registry.find(node))) throw new Error('a registration of the store was not found');
      timesMs[i] = performance.now() - askedAtMs;
    }
    const elapsedMs = performance.now() - startedAtMs;
    const after = await readOwnUsage();
    return {
      cpuUs: (after.cpuMicros - before.cpuMicros) / count,
      perSecond: (count / elapsedMs) * 1000,
      p50Ms: quantile(timesMs, 0.5),
      p99Ms: quantile(timesMs, 0.99),
      rssMb: after.peakRssBytes / 2 ** 20,
    };
  },
});
