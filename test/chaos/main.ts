import { parseArgs } from 'node:util';
import { runChaos } from './chaos.ts';

// By hand: `npm run chaos -- --minutes 10 --seed 1`.
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    rate: { type: 'string', default: '300' },
    // So few that their caps in the outbox are reached: --devices 200.
    devices: { type: 'string', default: '600' },
  },
});

const report = await runChaos({
  seconds: Number(values.minutes) * 60,
  seed: Number(values.seed),
  perSecond: Number(values.rate),
  devices: Number(values.devices),
  say: (line) => console.log(line),
});

const { ledger, answers, kills, registered, registrationsLost, diskWasFull, settledAfterMs } = report;
console.log(
  `seed ${values.seed}; killed ${kills} times; disk full: ${diskWasFull ? 'once' : 'not (mounting is not allowed)'}`,
);
for (const [answer, count] of [...answers].toSorted(([a], [b]) => a.localeCompare(b)))
  console.log(`${answer.padEnd(28)} ${count}`);
const copies = ledger.entries.filter(({ accepted }) => accepted > 1).length;
const lateCalls = ledger.entries.filter(
  ({ kind, answer, accepted }) => kind === 'call' && answer === 'result' && accepted === 0,
);
console.log(`arrived more than once         ${copies}`);
console.log(`calls given up by their rule   ${lateCalls.length}`);
console.log(`settled after                  ${(settledAfterMs / 1000).toFixed(1)} s of fair weather`);
console.log(`replaced by the newest 20      ${ledger.replaced().length}`);
console.log(`lost                           ${ledger.lost().length}`);
for (const { token, kind, publishedAtMs } of ledger.lost().slice(0, 20))
  console.log(`  ${kind} ${token.slice(-6)} ${new Date(publishedAtMs).toISOString()}`);
console.log(`copies with different apns-id  ${ledger.torn().length}`);
console.log(`calls that rang too late       ${ledger.late().length}`);
console.log(`registered                     ${registered}`);
console.log(`registrations lost             ${registrationsLost}`);
const wrong = [ledger.lost(), ledger.torn(), ledger.late()].flat().length + registrationsLost;
process.exit(wrong === 0 ? 0 : 1);
