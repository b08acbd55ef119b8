import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { promtool, withoutPromtool } from './promtool.ts';
import { selectorsIn, unknownIn } from './promql.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: object;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly targets?: readonly { readonly expr: string; readonly datasource: object }[];
}
interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
}

const file = join(import.meta.dirname, '../../deploy/grafana/sealpost.json');
const dashboard = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
};
const { panels } = dashboard;
const variables = dashboard.templating.list;
const targets = panels.flatMap((panel) => (panel.targets ?? []).map((target) => ({ ...target, panel: panel.title })));

/** A query with the variables of the dashboard replaced, as Grafana sends it. */
const sent = (expr: string) => expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$(\w+)/g, '.*');

test('dashboard - it has a row for each part', () => {
  const rows = panels.filter(({ type }) => type === 'row').map(({ title }) => title);
  assert.deepEqual(rows, [
    'Is it well?',
    'Notifications and results',
    'Latency',
    'Outbox',
    'Links',
    'Guard and registrations',
    'Store',
    'Credentials',
    'Process',
  ]);
});

test('dashboard - the operator chooses the data source, and each panel and query asks that one', () => {
  assert.deepEqual(
    variables.map(({ name, type }) => [name, type]),
    [
      ['datasource', 'datasource'],
      ['job', 'query'],
      ['instance', 'query'],
      ['app', 'query'],
    ],
  );
  const chosen = { type: 'prometheus', uid: '${datasource}' };
  for (const { type, title, datasource } of panels) if (type !== 'row') assert.deepEqual(datasource, chosen, title);
  for (const { panel, datasource } of targets) assert.deepEqual(datasource, chosen, panel);
});

test('dashboard - each panel says what it shows, has queries, and lies over no other', () => {
  const shown = panels.filter(({ type }) => type !== 'row');
  assert.ok(shown.length > 20);
  for (const { title, description, targets: own } of shown) assert.ok(description && own && own.length > 0, title);
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
  );
  assert.equal(new Set(cells).size, cells.length);
  assert.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24));
});

for (const { panel, expr } of targets) {
  test(`dashboard - ${panel}: asks for what the server has: ${expr}`, async () => {
    assert.deepEqual(await unknownIn(expr), []);
    const named = [...expr.replaceAll('$__rate_interval', '').matchAll(/\$(\w+)/g)].map(([, name]) => name);
    assert.deepEqual(
      named.filter((name) => !variables.some((variable) => variable.name === name)),
      [],
    );
  });
}

test('dashboard - the variables are filled from metrics that the server has', async () => {
  for (const { name, query } of variables.filter(({ type }) => type === 'query')) {
    const text = typeof query === 'string' ? query : query.query;
    const [, selector = '', label] = /^label_values\((.+), (\w+)\)$/.exec(text) ?? [];
    assert.ok(selectorsIn(selector).length > 0);
    assert.equal(label, name);
    assert.deepEqual(await unknownIn(`sum by (${name}) (${selector})`), []);
  }
});

test('dashboard - Prometheus understands each query', { skip: withoutPromtool }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sealpost-dashboard-'));
  t.after(() => rm(folder, { recursive: true }));
  const rules = targets.map(({ expr }, i) => ({ record: `query:${i}`, expr: sent(expr) }));
  await writeFile(join(folder, 'queries.yml'), stringify({ groups: [{ name: 'queries', rules }] }));
  const said = await promtool('check', 'rules', join(folder, 'queries.yml'));
  assert.match(said, new RegExp(`SUCCESS: ${targets.length} rules found`));
});
