import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { conventions } from '../../src/conventions/all.ts';
import { answers } from '../../src/core/answers.ts';
import { announceApp, createMetrics } from '../../src/telemetry/metrics.ts';
import { DISCONNECT_REASONS } from '../../src/xmpp/stream/disconnect-reasons.ts';
import { SKIP_REASONS } from '../../src/xmpp/stream/parser.ts';
import { metricRows, pagePath, tableBelow, valuesOf, wordsIn, writtenPage } from './metrics.ts';

const page = readFileSync(pagePath, 'utf8');

test('docs - the table of metrics is what the registry says; npm run docs writes it', async () => {
  assert.equal(page, await writtenPage());
});

test('docs - every row has name, type, labels and help of a metric', async () => {
  const rows = await metricRows();
  assert.deepEqual(
    tableBelow('All metrics').map(([name = '', type, labels = '', help]) => [
      wordsIn(name)[0],
      type,
      wordsIn(labels),
      help,
    ]),
    rows.map(({ name, type, labels, help }) => [name, type, [...labels], help]),
  );
  assert.deepEqual(
    rows.find(({ name }) => name === 'sealpost_push_duration_seconds'),
    {
      name: 'sealpost_push_duration_seconds',
      type: 'histogram',
      labels: ['app', 'provider'],
      help: 'Time from sending a push to the provider until its result.',
    },
  );
});

test('docs - metrics are made in two files of one folder, so that the page has them all', () => {
  const root = join(import.meta.dirname, '../../src');
  const makers = globSync('**/*.ts', { cwd: root }).filter((file) =>
    readFileSync(join(root, file), 'utf8').includes("from 'prom-client'"),
  );
  assert.deepEqual(makers.toSorted(), ['telemetry/metrics.ts', 'telemetry/series.ts']);
});

test('docs - the values of every label are told', async () => {
  const common = ['app', 'link', 'provider'];
  const expected = (await metricRows()).flatMap(({ name, labels }) =>
    labels.filter((label) => !common.includes(label)).map((label) => `${name} ${label}`),
  );
  const told = tableBelow('Values of labels').map(([metric = '', label = '']) =>
    [metric, label].flatMap(wordsIn).join(' '),
  );
  assert.deepEqual(told.toSorted(), expected.toSorted());
});

const listed: readonly [string, string, readonly string[]][] = [
  ['sealpost_link_reconnects_total', 'reason', Object.keys(DISCONNECT_REASONS)],
  ['sealpost_link_attempts_total', 'result', ['online', ...Object.keys(DISCONNECT_REASONS)]],
  ['sealpost_registrations_made_total', 'convention', conventions.map(({ name }) => name)],
  ['sealpost_stanzas_rejected_total', 'reason', [...SKIP_REASONS, 'malformed', 'unanswerable', 'rate-limited']],
  ['sealpost_publishes_total', 'answer', [...new Set(Object.values(answers))]],
];

for (const [metric, label, values] of listed) {
  test(`docs - the values of ${label} of ${metric} are those of the code`, () => {
    assert.deepEqual(valuesOf(metric, label), values.toSorted());
  });
}

test('docs - what an app has from the start is among the values that are told', async () => {
  const metrics = createMetrics('0.0.0');
  announceApp(metrics, { name: 'siskin', conventions: ['tigase', 'p2'] });
  const series = (await metrics.registry.getMetricsAsJSON()).flatMap(({ name, values }) =>
    values.flatMap(({ labels }) =>
      Object.entries(labels).map(([label, value]) => [name, label, String(value)] as const),
    ),
  );
  const bounded = series.filter(([name, label]) => label !== 'app' && name !== 'sealpost_build_info');
  assert.ok(bounded.length > 10);
  const untold = bounded.filter(([name, label, value]) => !valuesOf(name, label).includes(value));
  assert.deepEqual(untold, []);
});

test('docs - of every metric the page says what to do, and of no other', async () => {
  const names = (await metricRows()).map(({ name }) => name);
  const told = tableBelow('What to do when').flatMap(([when = '']) => /sealpost_[a-z_]+/.exec(when)?.[0] ?? []);
  assert.deepEqual([...new Set(told)].toSorted(), names.toSorted());
});
