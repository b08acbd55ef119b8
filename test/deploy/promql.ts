/** What PromQL expressions select, held against the metrics of the server. */
import { metricRows, runtimeRows, valuesOf } from '../docs/metrics.ts';

interface Selector {
  readonly metric: string;
  readonly matchers: readonly {
    readonly label: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
}

/** Labels that Prometheus adds to every series. */
const added = ['job', 'instance'];
/** Labels with names that the operator chooses. */
const chosen = [...added, 'app', 'link', 'provider', 'le', 'version', 'node'];
/** Series of Prometheus itself. */
const ofPrometheus = new Set(['up']);
/** Metrics of the server, and of the process that it runs in. */
const ours = /\b(?:sealpost|process|nodejs)_[a-z0-9_]+|\bup\b/g;

/** The metrics that an expression names, with what it demands of their labels. */
export function selectorsIn(expression: string): Selector[] {
  return [...expression.matchAll(new RegExp(`(${ours.source})(?:\\{([^}]*)\\})?`, 'g'))].map(
    ([, metric = '', matchers = '']) => ({
      metric,
      matchers: [...matchers.matchAll(/([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].map(
        ([, label = '', operator = '', value = '']) => ({
          label,
          operator,
          values: operator.includes('~') ? value.split('|') : [value],
        }),
      ),
    }),
  );
}

/** Labels that an expression groups or joins by. */
function groupingIn(expression: string): string[] {
  const lists = [...expression.matchAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g)];
  return lists.flatMap(([, list = '']) => list.split(',').map((label) => label.trim()));
}

/** The metric that a series belongs to: a histogram has three series. */
function metricOf(series: string, types: ReadonlyMap<string, string>): string {
  const base = series.replace(/_(?:bucket|sum|count)$/, '');
  return types.get(base) === 'histogram' ? base : series;
}

/** Whether a value could be in the label: `$app` and the like are variables of a dashboard, `5..` is a pattern. */
function isKnownValue(metric: string, label: string, value: string): boolean {
  const known = valuesOf(metric, label);
  return chosen.includes(label) || known.length === 0 || /[.*$+]/.test(value) || known.includes(value);
}

/** Every metric of the server and of the process that it runs in. */
const known = (async () => {
  const runtime = (await runtimeRows()).map(({ name }) => ({ name, type: 'gauge', labels: [] }));
  return [...(await metricRows()), ...runtime];
})();

/** What an expression asks that the server does not have: metrics, labels, values of labels. Empty: nothing. */
export async function unknownIn(expression: string): Promise<string[]> {
  const rows = await known;
  const types = new Map(rows.map(({ name, type }) => [name, type]));
  const labelsOf = new Map(rows.map(({ name, labels }) => [name, labels]));
  const labels = new Set([...added, 'le', ...rows.flatMap((row) => row.labels)]);
  const selectors = selectorsIn(expression).filter(({ metric }) => !ofPrometheus.has(metric));
  const problems = selectors.flatMap(({ metric: series, matchers }) => {
    const metric = metricOf(series, types);
    if (!types.has(metric)) return [`no metric ${metric}`];
    if (types.get(metric) === 'histogram' && series === metric)
      return [`${metric} is a histogram: name one of its series`];
    return matchers.flatMap(({ label, values }) => {
      if (![...added, 'le', ...(labelsOf.get(metric) ?? [])].includes(label))
        return [`${metric} has no label ${label}`];
      return values
        .filter((value) => !isKnownValue(metric, label, value))
        .map((value) => `${metric} has no ${label} ${value}`);
    });
  });
  const wrongLabels = groupingIn(expression).filter((label) => !labels.has(label));
  return [...problems, ...wrongLabels.map((label) => `no metric has a label ${label}`)];
}
