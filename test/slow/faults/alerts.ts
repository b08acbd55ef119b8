import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { selectorsIn } from '../../deploy/promql.ts';
import { promtool } from '../../deploy/promtool.ts';

const root = join(import.meta.dirname, '../../..');
const rulesFile = join(root, 'deploy/prometheus/sealpost.rules.yml');
const { groups } = parse(readFileSync(rulesFile, 'utf8')) as {
  groups: { rules: { alert: string; expr: string; for?: string; annotations: { runbook_url: string } }[] }[];
};
const runbook = readFileSync(join(root, 'docs/runbook.md'), 'utf8');

/** Text of `/metrics`, and when Prometheus asked for it, in seconds since 1970. */
export interface Scrape {
  readonly text: string;
  readonly atSeconds: number;
}

/**
 * Lets promtool judge whether an alert fires over what was scraped, one scrape a minute, of which the last is repeated for
 * as long as the rule wants the state to last. Time begins at 1970 there, so metrics that are times count from the first
 * scrape.
 * @param atMinute when to judge; default: after the state has lasted as long as the rule wants
 * @returns the alert's labels and annotations as promtool writes them; undefined: it does not fire
 */
export async function firing(
  alert: string,
  scrapes: readonly Scrape[],
  atMinute?: number,
): Promise<string | undefined> {
  const rule = groups.flatMap(({ rules }) => rules).find((one) => one.alert === alert);
  assert.ok(rule, `no rule ${alert}`);
  const minutes = Number(/^(\d+)m$/.exec(rule.for ?? '0m')?.[1]);
  const series = new Map<string, string[]>();
  const metrics = new Set(selectorsIn(rule.expr).map(({ metric }) => metric));
  const beganAt = scrapes[0]?.atSeconds ?? 0;
  scrapes.forEach(({ text, atSeconds }, i) => {
    for (const [, name = '', labels = '', value = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)) {
      if (!metrics.has(name)) continue;
      const key = `${name}{job="sealpost",instance="a:9090"${labels === '' ? '' : `,${labels}`}}`;
      const values = series.get(key) ?? Array.from({ length: i }, () => '_');
      // A clock that goes on: what the sample says of the time is as far from the time of Prometheus as it was.
      const isTime = /_time(stamp)?_seconds$/.test(name) && !name.startsWith('process_');
      const since = name.endsWith('_time_seconds') ? atSeconds - i * 60 : beganAt;
      values.push(String(isTime ? Number(value) - since : Number(value)));
      series.set(key, values);
    }
  });
  const goesOn = (name: string, last: string) =>
    name.startsWith('sealpost_time_seconds') ? `${Number(last) + 60}+60x${minutes + 2}` : `${last}x${minutes + 2}`;
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-alert-'));
  const unit = {
    rule_files: [rulesFile],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: Array.from(series, ([name, values]) => ({
          series: name,
          values: [...values, goesOn(name, values.at(-1) ?? '_')].join(' '),
        })),
        alert_rule_test: [{ eval_time: `${atMinute ?? scrapes.length + minutes}m`, alertname: alert, exp_alerts: [] }],
      },
    ],
  };
  const file = join(folder, 'unit.yml');
  writeFileSync(file, stringify(unit));
  try {
    await promtool('test', 'rules', file);
    return undefined;
  } catch (error) {
    const said = error instanceof Error ? error.message : '';
    assert.match(said, /got:\[\s+0:/, said);
    return said.slice(said.indexOf('got:'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The section of the runbook that the alert links to. */
export function runbookOf(alert: string): string {
  const section = runbook.split(/^### /m).find((text) => text.startsWith(`${alert}\n`));
  assert.ok(section, `the runbook has no section ${alert}`);
  return section.replaceAll(/\s+/g, ' ');
}
