import { setTimeout as pause } from 'node:timers/promises';
import { redeliveriesPerSecond } from '../../src/delivery/retry.ts';
import { residentBytes } from '../support/resident.ts';
import { type Background, startBackground } from './background.ts';
import type { LedgerReport } from './ledger.ts';
import { publishSteadily } from './publishing.ts';
import { settle } from './settle.ts';
import { openStage, type Stage } from './stage.ts';
import { type Device, register } from './traffic.ts';

export interface OutageOptions {
  readonly minutes: number;
  readonly perSecond: number;
  readonly say: (line: string) => void;
  /** Ends the run early; everything is closed all the same. */
  readonly signal: AbortSignal;
}

export interface MemorySample {
  readonly atMs: number;
  readonly bytes: number;
}

export interface OutageReport {
  readonly ledger: LedgerReport;
  /** Times at which both providers went out of service and came back, in milliseconds since 1970. */
  readonly outSinceMs: number;
  readonly backAtMs: number;
  readonly settledAtMs: number;
  /** Figures of the server's process, once a second. */
  readonly memory: readonly MemorySample[];
}

/** One publish in this many is a call, if its device has PushKit. */
const callEvery = 50;
/**
 * Time before the outage in which connections open and code is compiled, so that their memory does not count as queue.
 */
const warmUpMs = 20_000;
/** How long publishes go on during the drain. */
const besideDrainMs = 15_000;
/** Time for finishing beyond what the rate of one app needs: the longest pause of the back-off. */
const drainMarginMs = 400_000;

/**
 * Heap limit of the server, several times what it needs. With plentiful memory Node keeps garbage for minutes, which
 * could not be told from pushes held in memory.
 */
const heapMb = 256;

const unlimited = { burst: 10_000_000, perMinute: 600_000_000 };

/** Takes both providers out of service in real time, then back, with publishes before, during and after. */
export async function runOutage({ minutes, perSecond, say, signal }: OutageOptions): Promise<OutageReport> {
  const outageMs = minutes * 60_000;
  const config = { limits: { commandsPerDomain: unlimited } };
  await using stage = await openStage({ config, nodeArguments: [`--max-old-space-size=${heapMb}`] });
  await using background = startBackground(signal);
  const { books, providers } = stage;
  const standIns = [providers.apns, providers.fcm];

  // The outbox keeps the newest 20 pushes of a registration, so there are enough devices that none gets more in the
  // outage.
  const known = await registerAll(stage, background, Math.ceil(minutes * 60 * perSecond * 0.07));
  say(`${known.length} devices registered`);
  const memory = watchMemory(stage, background, say);

  await using publishing = startBackground(signal);
  publishSteadily(stage, publishing, perSecond, (index) => {
    const device = known[index % known.length] as Device;
    return { device, kind: device.provider === 'apns' && index % callEvery === 0 ? 'call' : 'alert' };
  });
  await background.rest(warmUpMs);
  for (const standIn of standIns) standIn.script('*', { status: 503 });
  const outSinceMs = Date.now();
  say('out of service');
  await background.rest(outageMs);
  for (const standIn of standIns) standIn.script('*', undefined);
  const backAtMs = Date.now();
  say('back in service');
  await background.rest(besideDrainMs);
  await publishing.finish();
  const withinMs = ((await stage.countQueued()) ?? 0) * (1000 / redeliveriesPerSecond) + drainMarginMs;
  await settle(stage, AbortSignal.any([signal, AbortSignal.timeout(withinMs)]));
  const settledAtMs = Date.now();
  await background.finish();
  return { ledger: await books.report(), outSinceMs, backAtMs, settledAtMs, memory };
}

async function registerAll(stage: Stage, background: Background, count: number): Promise<Device[]> {
  const known: Device[] = [];
  while (known.length < count) {
    background.check();
    const next = Array.from({ length: 100 }, (_, i) => known.length + i);
    known.push(...(await Promise.all(next.map((i) => register(stage.acceptor, i, i % 2 === 0 ? 'apns' : 'fcm')))));
  }
  return known;
}

/** Samples once a second and reports every half minute. */
function watchMemory(stage: Stage, background: Background, say: OutageOptions['say']): MemorySample[] {
  const samples: MemorySample[] = [];
  background.run(async () => {
    for (; !background.isOver; await pause(1000)) {
      const bytes = await residentBytes(stage.sealpost.process.pid ?? 0);
      samples.push({ atMs: Date.now(), bytes });
      if (samples.length % 30 !== 0) continue;
      say(`${stage.books.published} published, ${await stage.countQueued()} queued, ${Math.round(bytes / 1e6)} MB`);
    }
  });
  return samples;
}
