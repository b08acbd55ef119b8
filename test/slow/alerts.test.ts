import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { anchorsIn, withoutCode } from '../docs/links.ts';
import { promtool, withoutPromtool } from '../deploy/promtool.ts';
import { selectorsIn, unknownIn } from '../deploy/promql.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'deploy/prometheus');
const read = (file: string): unknown => parse(readFileSync(join(folder, file), 'utf8'));

interface Rules {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
}
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}
interface UnitTests {
  readonly tests: readonly {
    readonly name: string;
    readonly input_series: readonly { readonly series: string }[];
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

const rules = (read('sealpost.rules.yml') as Rules).groups.flatMap((group) => group.rules);
const unitTestFiles = ['sealpost.rules.test.yml', 'sealpost.day.rules.test.yml'];
const tests = unitTestFiles.flatMap((file) => (read(file) as UnitTests).tests);
const runbook = readFileSync(join(root, 'docs/runbook.md'), 'utf8');

test('alerts - promtool accepts rules and the sample config', { skip: withoutPromtool }, async () => {
  await promtool('check', 'rules', '--lint-fatal', join(folder, 'sealpost.rules.yml'));
  await promtool('check', 'config', join(folder, 'prometheus.yml'));
});

test('alerts - each fires when it should, with its words, and only then', { skip: withoutPromtool }, async () => {
  await promtool('test', 'rules', ...unitTestFiles.map((file) => join(folder, file)));
});

test('alerts - names are distinct', () => {
  const names = rules.map(({ alert }) => alert);
  assert.ok(names.length > 20);
  assert.deepEqual([...new Set(names)], names);
});

for (const { alert, expr, labels, annotations } of rules) {
  test(`alerts - ${alert}: asks for what the server has`, async () => {
    assert.ok(selectorsIn(expr).length > 0);
    assert.deepEqual(await unknownIn(expr), []);
  });

  test(`alerts - ${alert}: has a severity, words and a section of the runbook`, () => {
    assert.match(labels.severity, /^(?:critical|warning)$/);
    assert.deepEqual(Object.keys(annotations), ['summary', 'description', 'runbook_url']);
    const anchor = alert.toLowerCase();
    assert.equal(annotations.runbook_url, `docs/runbook.md#${anchor}`);
    assert.ok(anchorsIn(runbook).includes(anchor));
  });

  test(`alerts - ${alert}: unit tests have it fire, and have it not fire over the same metrics`, () => {
    const own = tests.filter((unit) => unit.alert_rule_test.some(({ alertname }) => alertname === alert));
    const fires = (unit: UnitTests['tests'][number]) => unit.alert_rule_test.some((one) => one.exp_alerts.length > 0);
    assert.ok(own.some(fires));
    const quiet = own.filter((unit) => !fires(unit));
    assert.ok(quiet.length > 0);
    const metrics = [...new Set(selectorsIn(expr).map(({ metric }) => metric))];
    for (const { name, input_series } of quiet) {
      const given = input_series.map(({ series }) => /^\w+/.exec(series)?.[0]);
      assert.deepEqual(
        metrics.filter((metric) => !given.includes(metric)),
        [],
        name,
      );
    }
  });
}

test('alerts - each unit test names its alert', () => {
  for (const { name, alert_rule_test } of tests)
    for (const { alertname, exp_alerts } of alert_rule_test)
      assert.ok(name.startsWith(`${alertname} ${exp_alerts.length > 0 ? 'fires' : 'does not fire'}: `), name);
});

test('alerts - the runbook says of each, and of no other, what it means, where to see it and what to do', () => {
  const sections = withoutCode(runbook).split(/^### /m).slice(1);
  assert.deepEqual(
    sections.map((text) => text.split('\n')[0]),
    rules.map(({ alert }) => alert),
  );
  for (const section of sections) {
    const parts = [...section.matchAll(/^\*\*(\w+)\.\*\* \S/gm)].map(([, part]) => part);
    assert.deepEqual(parts, ['Means', 'See', 'Do'], section);
  }
});

test('alerts - a metric, a label or a value that the server lacks is found', async () => {
  assert.deepEqual(await unknownIn('sealpost_link_up == 0 and on (link) sealpost_no_such_thing'), [
    'no metric sealpost_no_such_thing',
  ]);
  assert.deepEqual(
    await unknownIn('sum by (app, domain) (sealpost_publishes_total{answer=~"result|maybe", app="x"})'),
    [
      'sealpost_publishes_total has no answer maybe',
      'sealpost_publishes_total has no label app',
      'no metric has a label domain',
    ],
  );
  assert.deepEqual(await unknownIn('rate(sealpost_push_duration_seconds[5m])'), [
    'sealpost_push_duration_seconds is a histogram: name one of its series',
  ]);
});
