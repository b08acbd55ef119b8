/** The benchmark's result as text. */
import type { Measurement } from './measure.ts';
import type { ProviderName } from './protocol.ts';
import { type CellResult, ratioOf } from './rounds.ts';
import { median } from './statistics.ts';

const names: Readonly<Record<ProviderName, string>> = { apns: 'APNs', fcm: 'FCM' };
const senders: Readonly<Record<ProviderName, string>> = { apns: 'node:http2 to APNs', fcm: 'undici HTTP/1.1 to FCM' };

/** One row per cell with medians over the rounds, then the parts of the floors. */
export function writeTables(results: readonly CellResult[]): string {
  const cells = Object.values(Object.groupBy(results, ({ provider, window }) => `${provider} ${window}`));
  const rows = cells.map((rounds = []) => rowOf(rounds)).toSorted((a, b) => compare(a[0], b[0]));
  const floors = cells.flatMap((rounds = []) => floorRowsOf(rounds)).toSorted((a, b) => compare(a[0], b[0]));
  return `${align([['server', 'window', 'CPU µs', 'floor', 'ratio', '[min-max]', '/s', 'p50 ms', 'p99 ms', 'RSS MB'], ...rows])}

${align([['floor', 'window', 'CPU µs', '/s', 'p50 ms', 'p99 ms', 'RSS MB'], ...floors])}`;
}

function rowOf(rounds: readonly CellResult[]): string[] {
  const [first] = rounds;
  if (!first) return [];
  const ratios = rounds.map(ratioOf);
  const floors = rounds.map(({ sender, component }) => sender.cpuMicros + component.cpuMicros);
  const [cpu = '', ...rest] = figures(rounds.map(({ server }) => server));
  return [
    names[first.provider],
    String(first.window),
    cpu,
    median(floors).toFixed(0),
    median(ratios).toFixed(2),
    `[${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}]`,
    ...rest,
  ];
}

function floorRowsOf(rounds: readonly CellResult[]): string[][] {
  const [first] = rounds;
  if (!first) return [];
  const window = String(first.window);
  return [
    [senders[first.provider], window, ...figures(rounds.map(({ sender }) => sender))],
    [`component (beside ${names[first.provider]})`, window, ...figures(rounds.map(({ component }) => component))],
  ];
}

function figures(rounds: readonly Measurement[]): string[] {
  const middle = (read: (round: Measurement) => number) => median(rounds.map(read));
  return [
    middle(({ cpuMicros }) => cpuMicros).toFixed(0),
    Math.round(middle(({ perSecond }) => perSecond)).toLocaleString('en'),
    writeMs(middle(({ p50Ms }) => p50Ms)),
    writeMs(middle(({ p99Ms }) => p99Ms)),
    (middle(({ peakRssBytes }) => peakRssBytes) / 2 ** 20).toFixed(0),
  ];
}

function writeMs(ms: number): string {
  return ms.toFixed(ms < 10 ? 2 : 0);
}

/** Columns as wide as needed, the first aligned left, numbers right. */
export function align(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

function compare(a = '', b = ''): number {
  return a < b ? -1 : Number(a > b);
}
