import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Found } from '../../src/delivery/lookup.ts';
import { openOutbox } from '../support/store.ts';
import type { Provider } from '../../src/providers/provider.ts';
import type { Push } from '../../src/core/push.ts';
import { retryPause } from '../../src/delivery/retry-pause.ts';
import { assemble } from '../support/assemble.ts';
import { manualClock, wallOf } from '../support/clock.ts';
import { apnsAppOf, notificationOf, registrationOf } from '../support/registrations.ts';
import { quietTelemetry } from '../support/telemetry.ts';

// Ten minutes of outage on a clock that is moved by hand; everything but the provider and the registrations is real, the
// outbox on its disk and thread included. By hand and in real time: `npm run outage -- --minutes 10`.

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const perSecond = 300;
const outageMs = 600_000;
/** Each gets fifteen publishes in ten minutes; the outbox keeps twenty per registration. */
const devices = 12_000;
const callEvery = 50;
const tickMs = 100;
/** Longest pause of a queued call. */
const callPauseMs = retryPause({ kind: 'voip' }).capMs;
/** How long publishes go on during the drain. */
const watchedMs = 30_000;
/** Five times the default, so that the drain takes three minutes of simulated time instead of fifteen. */
const drainPerSecond = 1_000;
/** The circuit asks a provider that was away for long at least once in this time, where there are calls. */
const noticedWithinMs = 5_000;

/** Limit for the heap of this thread. */
const heapGrowth = 8_000_000;
/**
 * Limit for the whole process, with the outbox's thread and memory outside the heaps, since freed memory is not
 * returned at once. Queued pushes held in memory would take 200 MB or more.
 */
const residentGrowth = 64_000_000;

/** Bytes in use after garbage collection. */
function memory(): { readonly heap: number; readonly resident: number } {
  collect();
  collect();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, resident: rss };
}

function numberIn(push: Push): number {
  assert.equal(push.content.kind, 'sealed');
  return push.content.kind === 'sealed' ? Buffer.from(push.content.ciphertext, 'base64').readUInt32BE() : -1;
}

test('outage - ten minutes at 300/s: every push arrives once, within the rate, new calls first, and memory stays flat', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sealpost-outage-'));
  const { log, metrics } = quietTelemetry();
  const clock = manualClock();
  const store = { kind: 'sqlite', path: join(folder, 'outbox.db') } as const;
  const outbox = await openOutbox({ store, clock, forward: wallOf(clock), log, metrics });
  const app = apnsAppOf({ inFlight: 500 });

  const most = (perSecond * (outageMs + noticedWithinMs + watchedMs)) / 1000 + perSecond;
  const copies = new Uint8Array(most);
  const publishedAtMs = new Float64Array(most);
  const arrivedAtMs = new Float64Array(most).fill(Number.NaN);
  /** Number of the arrival, from 1. */
  const place = new Uint32Array(most);
  const isCall = (number: number) => number % callEvery === 0;
  const packet = Buffer.alloc(900, 0xa5);
  let published = 0;
  let isAway = true;
  let arrivals = 0;

  const provider: Provider = {
    send(push) {
      if (isAway) return Promise.resolve({ kind: 'retry', reason: 'ServiceUnavailable', scope: 'app' });
      const number = numberIn(push);
      copies[number] = (copies[number] ?? 0) + 1;
      arrivedAtMs[number] = clock.monotonic();
      arrivals += 1;
      place[number] = arrivals;
      return Promise.resolve({ kind: 'accepted' });
    },
    largestCiphertext: () => 3072,
    hurry: () => {},
    drain: () => Promise.resolve(),
  };
  const known = new Map(
    Array.from({ length: devices }, (_, i) => {
      // Tokens of its own, since pushes count for each device token as well.
      const number = i.toString(16).padStart(4, '0');
      const tokens = { token: `aa${number}`.padEnd(64, '0'), secondToken: `bb${number}`.padEnd(64, '0') };
      const registration = registrationOf({ node: `node-${i}`, ...tokens });
      return [registration.node, registration];
    }),
  );
  const registry = {
    find(node: string): Promise<Found> {
      const registration = known.get(node);
      return Promise.resolve(registration ? { kind: 'registered', registration } : { kind: 'unknown' });
    },
    readmit: () => Promise.reject(new Error('nothing is to be made of its node')),
    remove: () => Promise.reject(new Error('nothing is to be removed')),
    restore: () => Promise.resolve(0),
    dropSecondToken: () => Promise.resolve(),
    rememberEnvironment: () => Promise.resolve(),
  };
  const parts = { app, provider, registry, outbox, clock, log, metrics };
  const { appSender, delivery, retryScheduler } = assemble({ ...parts, perSecond: drainPerSecond });
  t.after(async () => {
    await retryScheduler.drain();
    await outbox.close();
    await rm(folder, { recursive: true });
  });

  async function publish(): Promise<void> {
    const number = published;
    published += 1;
    publishedAtMs[number] = clock.monotonic();
    packet.writeUInt32BE(number);
    const content = { kind: 'sealed', ciphertext: packet.toString('base64'), iv: 'AAECAwQFBgcICQoL' } as const;
    const node = `node-${number % devices}`;
    const answer = await delivery.deliver(notificationOf({ node, content: { ...content, voip: isCall(number) } }));
    assert.equal(answer, 'result');
  }

  /** @param rate publishes a second during this time */
  async function pass(ms: number, rate: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += tickMs) {
      clock.advance(tickMs);
      await Promise.all(Array.from({ length: (rate * tickMs) / 1000 }, publish));
      // The outbox answers from another thread: a question behind the others in its queue comes back after them.
      for (let i = 0; i < 2; i += 1) await outbox.stats();
      await new Promise(setImmediate);
    }
  }

  const depth = async () => (await outbox.stats())?.get(app.name)?.depth ?? 0;

  retryScheduler.start();
  await pass(outageMs / 5, perSecond);
  const early = memory();
  const growth = { heap: -Infinity, resident: -Infinity };
  async function watchMemory(): Promise<void> {
    const now = memory();
    growth.heap = Math.max(growth.heap, now.heap - early.heap);
    growth.resident = Math.max(growth.resident, now.resident - early.resident);
    assert.ok(growth.heap < heapGrowth, `the heap grew by ${growth.heap} bytes, with ${await depth()} queued`);
    assert.ok(
      growth.resident < residentGrowth,
      `the process grew by ${growth.resident} bytes, with ${await depth()} queued`,
    );
  }
  for (let part = 0; part < 4; part += 1) {
    await pass(outageMs / 5, perSecond);
    await watchMemory();
  }
  assert.equal(arrivals, 0);

  isAway = false;
  const backAtMs = clock.monotonic();
  while (appSender.circuit.kind !== 'closed') {
    await pass(tickMs, perSecond);
    assert.ok(clock.monotonic() - backAtMs <= noticedWithinMs, 'the provider is back and nobody notices');
  }
  const closedAtMs = clock.monotonic();
  const queuedBefore = published;
  const backlog = await depth();
  assert.ok(backlog > 150_000, `${backlog} queued`);

  // What comes now goes at once, whatever is queued; what is queued follows, within its rate.
  const until = clock.monotonic() + watchedMs;
  while (clock.monotonic() < until) {
    const [before, first] = [arrivals, published];
    await pass(tickMs, perSecond);
    const late = arrivals - before - (published - first);
    assert.ok(late <= (drainPerSecond * tickMs) / 1000, `${late} queued pushes in a tenth of a second`);
  }
  await watchMemory();
  assert.ok((await depth()) > 100_000, 'the drain was over before it was watched');
  for (let number = queuedBefore; number < published; number += 1)
    assert.equal(arrivedAtMs[number], publishedAtMs[number], `publish ${number} waited behind the backlog`);

  for (let ticks = 0; (await depth()) > 0; ticks += 1) {
    const before = arrivals;
    await pass(tickMs, 0);
    assert.ok(arrivals - before <= (drainPerSecond * tickMs) / 1000, `${arrivals - before} in a tenth of a second`);
    assert.ok(ticks < 4_000, `${await depth()} are still queued`);
    if (ticks % 300 === 0) await watchMemory();
  }
  await watchMemory();

  // Of what was queued, calls go first; those that were in a pause then follow when it is over.
  const leaving = { alertFirst: Infinity, dueCalls: 0, dueCallLast: 0, callAfterMs: 0 };
  for (let number = 0; number < queuedBefore; number += 1) {
    const [cameAtMs = NaN, sinceMs = NaN, nth = 0] = [arrivedAtMs[number], publishedAtMs[number], place[number]];
    if (nth === 0 || cameAtMs === sinceMs) continue;
    if (!isCall(number)) {
      leaving.alertFirst = Math.min(leaving.alertFirst, nth);
      continue;
    }
    leaving.callAfterMs = Math.max(leaving.callAfterMs, cameAtMs - closedAtMs);
    // Those that cannot be in a pause any more.
    if (sinceMs > closedAtMs - callPauseMs) continue;
    leaving.dueCalls += 1;
    leaving.dueCallLast = Math.max(leaving.dueCallLast, nth);
  }
  assert.ok(leaving.dueCalls > 50, `only ${leaving.dueCalls} calls were queued and due`);
  assert.ok(leaving.dueCallLast < leaving.alertFirst, `a queued alert left before a call: ${JSON.stringify(leaving)}`);
  assert.ok(leaving.callAfterMs <= callPauseMs + 2 * tickMs, `a queued call left after ${leaving.callAfterMs} ms`);

  const count = { lost: 0, twice: 0, callsInTime: 0, callsTooLate: 0, deadCalls: 0 };
  for (let number = 0; number < published; number += 1) {
    const times = copies[number] ?? 0;
    if (times > 1) count.twice += 1;
    if (!isCall(number)) count.lost += times === 0 ? 1 : 0;
    else if (number < queuedBefore) {
      const ageMs = closedAtMs - (publishedAtMs[number] ?? 0);
      // A call whose next attempt would come after its half minute has expired.
      if (times > 0) count.callsInTime += 1;
      else if (ageMs < 20_000) count.callsTooLate += 1;
      if (times > 0 && (arrivedAtMs[number] ?? 0) - (publishedAtMs[number] ?? 0) > 31_000) count.deadCalls += 1;
    }
  }
  assert.deepEqual(
    { ...count, callsInTime: count.callsInTime > 0 },
    {
      lost: 0,
      twice: 0,
      callsInTime: true,
      callsTooLate: 0,
      deadCalls: 0,
    },
  );
  const kib = (bytes: number) => `${Math.round(bytes / 1024)} KiB`;
  t.diagnostic(
    `${published} published; ${backlog} queued when it was over; heap grown by ${kib(growth.heap)} at most, the process by ` +
      `${kib(growth.resident)}; noticed after ${closedAtMs - backAtMs} ms; drained ` +
      `${Math.round((clock.monotonic() - closedAtMs) / 1000)} s later; ${count.callsInTime} queued calls were still in time`,
  );
});
