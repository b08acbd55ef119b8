/** Cases that show how cost grows with the number of registrations. */
import { startChild } from '../processes.ts';
import type { LookUpCalls } from '../protocol.ts';
import { rowOf } from '../rows.ts';
import type { BenchCase } from './contract.ts';
import { openSized, type Size } from './sizes.ts';
import { runSteady } from './steady.ts';

/** Look-ups of one measurement. */
const lookUps = 100_000;

function registrations(size: Exclude<Size, '1k'>): BenchCase {
  const name = `registrations-${size}`;
  return {
    name,
    describes: `as \`steady\` at window 50, ${size} registrations of which 20,000 of each provider get pushes`,
    comparedWith: 'the bare bridge in the same run, which stores only the devices that get pushes',
    run: (bench) => runSteady(bench, { name, windows: [50], openStore: () => openSized(bench, size) }),
  };
}

function lookUp(size: Size): BenchCase {
  const name = `look-up-${size}`;
  return {
    name,
    describes: `finding a registration by its node among ${size}, one after the other, in a process of its own`,
    async run(bench) {
      const { world, plan, report } = bench;
      const { path = '', name: store } = await openSized(bench, size);
      const devices = await world.generator.call('devices', { store, provider: 'apns' });
      const rounds = [];
      for (let start = 1; start <= plan.starts; start += 1) {
        report(`${name}, start ${start} of ${plan.starts}`);
        await using child = startChild<LookUpCalls>({ file: 'look-up.ts', signal: world.signal });
        await child.call('open', { path, nodes: devices.map(({ node }) => node) });
        // Pages are read and code is compiled.
        await child.call('measure', { count: lookUps });
        for (let round = 1; round <= plan.rounds; round += 1)
          rounds.push(await child.call('measure', { count: lookUps }));
      }
      return [rowOf({ case: name, provider: null, window: 1 }, rounds)];
    },
  };
}

export const registrationCases: readonly BenchCase[] = [
  registrations('1m'),
  registrations('10m'),
  lookUp('1k'),
  lookUp('1m'),
  lookUp('10m'),
];
