import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/time/clock.ts';
import type { Outbox, QueuedPush } from '../../src/store/outbox/contract.ts';
import { openOutbox } from '../support/store.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

// Measures the cost of the outbox: `node test/bench/outbox.ts [--seconds 5] [--backlog 200000] [--folder DIR]`. The
// folder should be on the disk that the store will use. Prints one line per case and asserts nothing.

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    backlog: { type: 'string', default: '200000' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const seconds = Number(values.seconds);
const backlog = Number(values.backlog);
const folder = mkdtempSync(join(values.folder, 'sealpost-bench-'));
const path = join(folder, 'sealpost.outbox.db');
const giveUpAtMs = Date.now() + 604_800_000;

function queued(): QueuedPush {
  const id = crypto.randomUUID();
  const node = crypto.randomUUID();
  const content = { kind: 'sealed', ciphertext: 'A'.repeat(1_200), iv: 'AAAAAAAAAAAAAAAA' } as const;
  return {
    push: { id, app: 'siskin', node, kind: 'alert', account: 'romeo@example.net', content, expiresAtMs: giveUpAtMs },
    domain: 'example.net',
    target: 'first',
    attempts: 0,
    storedAtMs: Date.now(),
    giveUpAtMs,
  };
}

const open = (): Promise<Outbox> =>
  openOutbox({
    store: { kind: 'sqlite', path },
    clock: systemClock,
    log: createLog('warn'),
    metrics: createMetrics('bench'),
  });

/** Runs a case and prints rate, latency, CPU of this process and the longest block of the event loop. */
async function report(name: string, run: (note: (latencyMs: number) => void) => Promise<void>): Promise<void> {
  const latencies: number[] = [];
  const cpu = process.cpuUsage();
  let lastTick = performance.now();
  let stalledMs = 0;
  const ticker = setInterval(() => {
    const now = performance.now();
    stalledMs = Math.max(stalledMs, now - lastTick - 5);
    lastTick = now;
  }, 5);
  const start = performance.now();
  await run((latencyMs) => latencies.push(latencyMs));
  const elapsedMs = performance.now() - start;
  clearInterval(ticker);
  const { user, system } = process.cpuUsage(cpu);
  const sorted = latencies.toSorted((a, b) => a - b);
  const quantile = (q: number) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0).toFixed(1);
  const count = latencies.length;
  console.log(
    `${name.padEnd(34)} ${Math.round((count / elapsedMs) * 1_000)
      .toString()
      .padStart(7)}/s  p50 ${quantile(0.5).padStart(6)} ms  p99 ${quantile(0.99).padStart(6)} ms  ` +
      `${((user + system) / count).toFixed(0).padStart(4)} us CPU each  loop stalled <= ${stalledMs.toFixed(0)} ms`,
  );
}

async function putTimed(outbox: Outbox, note: (latencyMs: number) => void): Promise<void> {
  const start = performance.now();
  const answer = await outbox.enqueue(queued(), Date.now());
  if (answer !== 'stored') throw new Error(`a put was answered ${answer}`);
  note(performance.now() - start);
}

async function putAtRate(outbox: Outbox, perSecond: number, note: (latencyMs: number) => void): Promise<void> {
  const puts: Promise<void>[] = [];
  const start = performance.now();
  while (puts.length < perSecond * seconds) {
    const dueCount = Math.min(perSecond * seconds, Math.floor(((performance.now() - start) / 1_000) * perSecond));
    while (puts.length < dueCount) puts.push(putTimed(outbox, note));
    await pause(1);
  }
  await Promise.all(puts);
}

async function putFlatOut(outbox: Outbox, window: number, count: number, note: (latencyMs: number) => void) {
  let left = count;
  const appSender = async () => {
    while (left > 0) {
      left -= 1;
      await putTimed(outbox, note);
    }
  };
  await Promise.all(Array.from({ length: window }, appSender));
}

async function drain(outbox: Outbox, count: number, note: (latencyMs: number) => void): Promise<void> {
  for (let settled = 0; settled < count;) {
    const start = performance.now();
    const { pushes } = await outbox.lease('siskin', Date.now(), 200);
    if (pushes.length === 0) return;
    for (const { push } of pushes) {
      outbox.complete(push.id);
      note(performance.now() - start);
    }
    settled += pushes.length;
  }
}

try {
  let outbox = await open();
  await report('one at a time', (note) => putFlatOut(outbox, 1, 300 * seconds, note));
  await report('at 300/s', (note) => putAtRate(outbox, 300, note));
  await report('at 3,000/s', (note) => putAtRate(outbox, 3_000, note));
  await report('flat out, 500 at a time', (note) => putFlatOut(outbox, 500, 5_000 * seconds, note));
  await report(`flat out to ${backlog} more`, (note) => putFlatOut(outbox, 1_000, backlog, note));
  const stats = await outbox.stats();
  const { depth = 0, bytes = 0 } = stats?.get('siskin') ?? {};
  const size = statSync(path).size;
  console.log(`${depth} stored: counted ${(bytes / depth).toFixed(0)}, file ${(size / depth).toFixed(0)} bytes each`);
  await outbox.close();
  const start = performance.now();
  outbox = await open();
  console.log(`opened again in ${(performance.now() - start).toFixed(0)} ms`);
  await report('at 300/s on top of it', (note) => putAtRate(outbox, 300, note));
  await report('leasing 200 at a time, settling', (note) => drain(outbox, 5_000 * seconds, note));
  await Promise.all([
    report('at 300/s while it drains', (note) => putAtRate(outbox, 300, note)),
    drain(outbox, 2_000 * seconds, () => undefined),
  ]);
  console.log(`peak RSS ${Math.round(process.resourceUsage().maxRSS / 1_024)} MiB`);
  await outbox.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
