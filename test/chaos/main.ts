import { parseArgs } from 'node:util';
import { runChaos } from './chaos.ts';
import { describeFigures, isKept } from './figures.ts';
import { judge } from './judge.ts';

// Usage: `npm run chaos -- --minutes 10 --seed 1`.
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    rate: { type: 'string', default: '300' },
    // With few devices (--devices 200) their limits in the outbox are reached.
    devices: { type: 'string', default: '600' },
    // More than one share a PostgreSQL database: --processes 3.
    processes: { type: 'string', default: '1' },
    // Deletes the store of a single process once, but not the node key.
    'lose-store': { type: 'boolean', default: false },
  },
});

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());

const report = await runChaos({
  seconds: Number(values.minutes) * 60,
  seed: Number(values.seed),
  perSecond: Number(values.rate),
  devices: Number(values.devices),
  processes: Number(values.processes),
  losesStore: values['lose-store'],
  settleWithinMs: 420_000,
  say: (line) => console.log(line),
  signal: interruption.signal,
});

const { ledger, kills, registered, diskWasFull, tokensDenied, settledAfterMs } = report;
console.log(`seed ${values.seed}; disk full: ${diskWasFull ? 'once' : 'not (mounting is not allowed)'}`);
const figures = judge(report);
console.log(
  describeFigures([
    ...[...ledger.answers]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([answer, value]) => ({ name: `answered ${answer}`, value })),
    { name: 'killed', value: kills },
    { name: 'tokens that Google denied', value: tokensDenied },
    {
      name: 'arrived more than once',
      value: ledger.entries.filter(({ acceptedAtMs }) => acceptedAtMs.length > 1).length,
    },
    { name: 'replaced by the newest 20', value: ledger.replaced.length },
    { name: 'settled in fair weather after', value: settledAfterMs / 1000, unit: 's' },
    { name: 'registered', value: registered },
    ...figures,
  ]),
);
for (const { kind, device, publishedAtMs } of ledger.lost.slice(0, 20))
  console.log(`lost: ${kind} ${device.token.slice(-6)} ${new Date(publishedAtMs).toISOString()}`);
process.exit(figures.every(isKept) ? 0 : 1);
