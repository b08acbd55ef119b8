import { writeSync } from 'node:fs';
import { systemClock } from '../../../src/time/clock.ts';
import { openOutbox } from '../../support/store.ts';
import { quietTelemetry } from '../../support/telemetry.ts';
import { queued, startMs } from './support.ts';

// Enqueues, leases and completes until it is killed: `node restless-process.ts FILE FIRST-NUMBER`. Writes a line once a
// push is stored, and before one is completed, with a call that returns when the line has left the process.

const [path = '', first = ''] = process.argv.slice(2);
const inFlight = 40;
const outbox = await openOutbox({ store: { kind: 'sqlite', path }, clock: systemClock, ...quietTelemetry() });
let next = Number(first);

/** The pipe does not wait for a slow reader. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EAGAIN') throw error;
    }
  }
}

async function putForEver(): Promise<void> {
  for (;;) {
    const n = (next += 1);
    const answer = await outbox.enqueue(queued(n, { ciphertext: 'A'.repeat(1_200) }), startMs);
    if (answer === 'stored') say(`stored ${n}`);
  }
}

async function settleForEver(): Promise<void> {
  for (;;) {
    const { pushes } = await outbox.lease('siskin', startMs, 5);
    for (const [index, { push, attempts }] of pushes.entries()) {
      if (index === 0) outbox.reschedule(push.id, startMs, attempts + 1);
      else {
        say(`settling ${Number(push.id.slice(-12))}`);
        outbox.complete(push.id);
      }
    }
  }
}

await Promise.all([...Array.from({ length: inFlight }, putForEver), settleForEver()]);
