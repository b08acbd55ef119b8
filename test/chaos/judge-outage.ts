import { redeliveriesPerSecond } from '../../src/delivery/retry.ts';
import { busiestSecond } from './busiest-second.ts';
import type { Figure } from './figures.ts';
import type { OutageReport } from './outage-run.ts';

/** Tolerance of the rate: leases come every tenth of a second, a little early or late. */
const drainTolerance = 0.2;

/** Time from which the memory needed to work at all is allocated. */
const warmAfterMs = 120_000;

/**
 * Growth of the process's memory, in megabytes, from two minutes into the outage until all is drained. Pushes of the
 * eight minutes between at 300 a second would take 150 MB and more in memory.
 */
const growthMb = 64;

/** Pushes that arrive once a provider is back are not delayed. */
const newWithinMs = 1_000;

/** Requirements on every outage. */
export function judgeOutage(report: OutageReport): Figure[] {
  const { ledger } = report;
  const figures: Figure[] = [
    {
      name: 'answered otherwise than result',
      value: ledger.entries.length - (ledger.answers.get('result') ?? 0),
      most: 0,
    },
    { name: 'lost', value: ledger.lost.length, most: 0 },
    { name: 'copies with different apns-id', value: ledger.torn.length, most: 0 },
    { name: 'copies to another device', value: ledger.astray.length, most: 0 },
    { name: 'calls that rang too late', value: ledger.late.length, most: 0 },
  ];
  for (const provider of ['apns', 'fcm'] as const) figures.push(...judgeDrain(report, provider));
  return [...figures, judgeMemory(report)];
}

function judgeDrain({ ledger, backAtMs }: OutageReport, provider: 'apns' | 'fcm'): Figure[] {
  const arrived = ledger.entries.flatMap(({ device, publishedAtMs, acceptedAtMs: [acceptedAtMs] }) =>
    device.provider === provider && acceptedAtMs !== undefined ? { publishedAtMs, acceptedAtMs } : [],
  );
  const after = arrived.filter(({ acceptedAtMs }) => acceptedAtMs >= backAtMs);
  const noticedAtMs = after.reduce((least, { acceptedAtMs }) => Math.min(least, acceptedAtMs), Infinity);
  const queued = after.filter(({ publishedAtMs }) => publishedAtMs < noticedAtMs);
  const fresh = arrived.filter(({ publishedAtMs }) => publishedAtMs >= noticedAtMs);
  return [
    { name: `${provider}: noticed that it is back after`, value: (noticedAtMs - backAtMs) / 1000, unit: 's' },
    { name: `${provider}: queued pushes that arrived`, value: queued.length, least: 1 },
    {
      name: `${provider}: most of them in a second`,
      value: busiestSecond(queued.map(({ acceptedAtMs }) => acceptedAtMs)),
      most: redeliveriesPerSecond * (1 + drainTolerance),
    },
    {
      name: `${provider}: slowest of ${fresh.length} new ones beside them`,
      value: fresh.reduce((most, { acceptedAtMs, publishedAtMs }) => Math.max(most, acceptedAtMs - publishedAtMs), 0),
      unit: 'ms',
      most: newWithinMs,
    },
  ];
}

function judgeMemory({ memory, outSinceMs, backAtMs }: OutageReport): Figure {
  const fromMs = outSinceMs + Math.min(warmAfterMs, (backAtMs - outSinceMs) / 2);
  const [first, ...rest] = memory.filter(({ atMs }) => atMs >= fromMs).map(({ bytes }) => bytes / 1e6);
  const name = `memory grown since ${Math.round((fromMs - outSinceMs) / 1000)} s into the outage (${first?.toFixed(0)} MB)`;
  return { name, value: first === undefined ? NaN : Math.max(...rest) - first, unit: 'MB', most: growthMb };
}
