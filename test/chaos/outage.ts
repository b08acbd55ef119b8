import { parseArgs } from 'node:util';
import { describeFigures, isKept } from './figures.ts';
import { judgeOutage } from './judge-outage.ts';
import { runOutage } from './outage-run.ts';

// Usage, in real time: `npm run outage -- --minutes 10`.
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, rate: { type: 'string', default: '300' } },
});

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());

const report = await runOutage({
  minutes: Number(values.minutes),
  perSecond: Number(values.rate),
  say: (line) => console.log(line),
  signal: interruption.signal,
});

const { ledger, settledAtMs, backAtMs } = report;
const calls = ledger.promisedCalls;
const figures = judgeOutage(report);
console.log(
  describeFigures([
    { name: 'published', value: ledger.entries.length },
    { name: 'calls', value: calls.length },
    { name: 'calls given up by their rule', value: ledger.missedCalls.length },
    { name: 'settled after', value: (settledAtMs - backAtMs) / 1000, unit: 's' },
    ...figures,
  ]),
);
for (const [answer, count] of ledger.answers) console.log(`answered ${answer}: ${count}`);
process.exit(figures.every(isKept) ? 0 : 1);
