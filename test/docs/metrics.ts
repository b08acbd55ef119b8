/** The table of all metrics in docs/metrics.md, written from the registry that the server exposes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { collectRuntimeMetrics, createMetrics } from '../../src/telemetry/metrics.ts';

export const pagePath = join(import.meta.dirname, '../../docs/metrics.md');
const START =
  '<!-- Written from the registry by `npm run docs`; change the help texts in src/telemetry/metrics.ts. -->';
const END = '<!-- End of what is written from the registry. -->';
const RUNTIME_START = '<!-- Written from prom-client by `npm run docs`. -->';
const RUNTIME_END = '<!-- End of what is written from prom-client. -->';

export interface MetricRow {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

/** Every metric of the server, in the order in which `/metrics` has them. */
export async function metricRows(): Promise<MetricRow[]> {
  const { registry } = createMetrics('0.0.0');
  const described = await registry.getMetricsAsJSON();
  return described.map(({ name, help, type }) => {
    // The registry's JSON has no label names; the metric keeps those that it was made with.
    const metric = registry.getSingleMetric(name);
    const { labelNames } = (metric ?? {}) as { readonly labelNames?: readonly string[] };
    if (!labelNames) throw new Error(`no labels can be read of ${name}`);
    return { name, type: String(type), labels: labelNames, help };
  });
}

/** Name and help of what is collected of the process and of Node. */
export async function runtimeRows(): Promise<Pick<MetricRow, 'name' | 'help'>[]> {
  const own = new Set((await metricRows()).map(({ name }) => name));
  const metrics = createMetrics('0.0.0');
  collectRuntimeMetrics(metrics);
  const described = await metrics.registry.getMetricsAsJSON();
  return described.filter(({ name }) => !own.has(name)).map(({ name, help }) => ({ name, help }));
}

/** Replaces what is between two markers. @throws Error if the page has lost them */
function between(page: string, start: string, end: string, content: string): string {
  const [before, rest] = page.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${pagePath} lacks a marker around the table`);
  return `${before}${start}\n\n${content}\n\n${end}${after}`;
}

/** The page with the tables in it written anew. @throws Error if the page has lost the markers around them */
export async function writtenPage(): Promise<string> {
  const page = readFileSync(pagePath, 'utf8');
  const lines = (await metricRows()).map(({ name, type, labels, help }) => {
    return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
  });
  const table = ['| metric | type | labels | what it says |', '| --- | --- | --- | --- |', ...lines].join('\n');
  const runtime = (await runtimeRows()).map(({ name, help }) => `| \`${name}\` | ${help} |`);
  const runtimeTable = ['| metric | what it says |', '| --- | --- |', ...runtime].join('\n');
  const text = between(between(page, START, END, table), RUNTIME_START, RUNTIME_END, runtimeTable);
  return format(text, { ...(await resolveConfig(pagePath)), parser: 'markdown' });
}

/** The cells of the table below a heading of the page, without its head. */
export function tableBelow(heading: string): string[][] {
  const [, rest = ''] = readFileSync(pagePath, 'utf8').split(`\n## ${heading}\n`);
  const [section = ''] = rest.split('\n## ');
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((line) => {
    const cells = line.split('|').slice(1, -1);
    return cells.map((cell) => cell.trim());
  });
}

/** What stands in code spans. */
export const wordsIn = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);

/** Values in the page for a label of a metric. */
export function valuesOf(metric: string, label: string): string[] {
  const row = tableBelow('Values of labels').find(([name = '', word = '']) => {
    return wordsIn(name)[0] === metric && wordsIn(word)[0] === label;
  });
  return wordsIn(row?.[2] ?? '').toSorted();
}
