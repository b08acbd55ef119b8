/** The benchmark's result as text. */
import { type FigureName, figureNames, type Row } from './rows.ts';

const titles: Readonly<Record<FigureName, string>> = {
  cpuUs: 'CPU µs',
  floorUs: 'floor',
  ratio: 'ratio',
  perSecond: '/s',
  p50Ms: 'p50 ms',
  p99Ms: 'p99 ms',
  rssMb: 'RSS MB',
};
const providerNames = { apns: 'APNs', fcm: 'FCM' } as const;

/** Head and lines of the table; the figures with their smallest and largest value, where there is more than one round. */
export function tableOf(rows: readonly Row[]): string[][] {
  const head = ['case', 'provider', 'window', ...figureNames.map((name) => titles[name])];
  return [head, ...rows.map(lineOf)];
}

function lineOf(row: Row): string[] {
  const provider = row.provider === null ? '–' : providerNames[row.provider];
  return [
    row.case,
    provider,
    row.window === null ? '–' : String(row.window),
    ...figureNames.map((name) => cellOf(row, name)),
  ];
}

function cellOf(row: Row, name: FigureName): string {
  const value = row[name];
  if (value === null) return '–';
  const range = row.ranges[name];
  if (row.rounds < 2 || !range) return writeFigure(name, value);
  return `${writeFigure(name, value)} [${range.map((end) => writeFigure(name, end)).join('–')}]`;
}

function writeFigure(name: FigureName, value: number): string {
  switch (name) {
    case 'ratio':
      return value.toFixed(2);
    case 'perSecond':
      return Math.round(value).toLocaleString('en');
    case 'p50Ms':
    case 'p99Ms':
      return value.toFixed(value < 0.1 ? 4 : value < 10 ? 2 : 0);
    case 'cpuUs':
    case 'floorUs':
    case 'rssMb':
      return value.toFixed(value < 10 ? 1 : 0);
  }
}

/** Columns as wide as needed, the first aligned left, numbers right. */
export function align(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}
