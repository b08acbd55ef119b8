import { systemClock } from '../../../src/time/clock.ts';
import { openOutbox } from '../../support/store.ts';
import { quietTelemetry } from '../../support/telemetry.ts';
import { leaseNumbers, queued, startMs } from './support.ts';

// Enqueues this many pushes of one registration, leases the newest of them and writes their numbers on one line, as if
// they were then being sent: `node leasing-process.ts FILE PUSHES LEASED`. Runs until it is killed.

const [path = '', pushes = '', leased = ''] = process.argv.slice(2);
const outbox = await openOutbox({ store: { kind: 'sqlite', path }, clock: systemClock, ...quietTelemetry() });
for (let n = 1; n <= Number(pushes); n += 1) await outbox.enqueue(queued(n, { node: 'busy' }), startMs);
console.log((await leaseNumbers(outbox, startMs, Number(leased))).join(' '));
setInterval(() => {}, 60_000);
