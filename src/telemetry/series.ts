/**
 * Counters, gauges and histograms for prom-client that are cheap to change: prom-client sorts and joins the labels of each
 * change, and a push makes a dozen of them. Changes are kept here as numbers and handed over when the metrics are asked for.
 */
import { Counter, Gauge, type Histogram, type LabelValues, type MetricType, type Registry } from 'prom-client';

export interface SeriesConfig<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly L[];
  readonly registers: Registry[];
}

/** Labels of a series, all of them. */
export type Labels<L extends string> = Readonly<Record<L, string>>;

export interface SeriesCounter<L extends string> extends Pick<Counter<L>, 'get'> {
  /** @param count default 1, not negative; 0 shows the series */
  inc(labels: Labels<L>, count?: number): void;
}

export interface SeriesGauge<L extends string> extends Pick<Gauge<L>, 'get'> {
  set(labels: Labels<L>, value: number): void;
  inc(labels: Labels<L>, by?: number): void;
  dec(labels: Labels<L>): void;
  remove(labels: Labels<L>): void;
}

export interface SeriesHistogram<L extends string> extends Pick<Histogram<L>, 'get'> {
  /** @param value finite */
  observe(labels: Labels<L>, value: number): void;
  /** Shows the series. */
  zero(labels: Labels<L>): void;
}

interface Cell<L extends string> {
  readonly labels: LabelValues<L>;
  value: number;
}

/** What one metric holds for each combination of the values of its labels. */
class Cells<L extends string, C extends { readonly labels: LabelValues<L> }> {
  readonly #names: readonly L[];
  readonly #make: (labels: LabelValues<L>) => C;
  readonly #byKey = new Map<string, C>();
  #latest: C | undefined;

  constructor(names: readonly L[], make: (labels: LabelValues<L>) => C) {
    this.#names = names;
    this.#make = make;
  }

  of(labels: Labels<L>): C {
    // Most changes are of the same series as the one before, and comparing labels takes less than joining them.
    if (this.#latest && this.#names.every((name) => this.#latest?.labels[name] === labels[name])) return this.#latest;
    const key = this.#keyOf(labels);
    let cell = this.#byKey.get(key);
    if (!cell) {
      const own = Object.fromEntries(this.#names.map((name) => [name, labels[name]])) as LabelValues<L>;
      this.#byKey.set(key, (cell = this.#make(own)));
    }
    return (this.#latest = cell);
  }

  delete(labels: Labels<L>): void {
    this.#byKey.delete(this.#keyOf(labels));
    this.#latest = undefined;
  }

  all(): readonly C[] {
    return [...this.#byKey.values()];
  }

  #keyOf(labels: Labels<L>): string {
    let key = '';
    for (const name of this.#names) key += `${labels[name]}\n`;
    return key;
  }
}

function cellsOf<L extends string>(names: readonly L[]): Cells<L, Cell<L>> {
  return new Cells(names, (labels): Cell<L> => ({ labels, value: 0 }));
}

export function createCounter<L extends string>(config: SeriesConfig<L>): SeriesCounter<L> {
  const cells = cellsOf(config.labelNames);
  const counter = new Counter<L>({
    ...config,
    collect() {
      for (const cell of cells.all()) {
        this.inc(cell.labels, cell.value);
        cell.value = 0;
      }
    },
  });
  return {
    inc(labels, count = 1) {
      cells.of(labels).value += count;
    },
    get: () => counter.get(),
  };
}

export function createGauge<L extends string>(config: SeriesConfig<L>): SeriesGauge<L> {
  const cells = cellsOf(config.labelNames);
  const gauge = new Gauge<L>({
    ...config,
    collect() {
      this.reset();
      for (const { labels, value } of cells.all()) this.set(labels, value);
    },
  });
  return {
    set(labels, value) {
      cells.of(labels).value = value;
    },
    inc(labels, by = 1) {
      cells.of(labels).value += by;
    },
    dec(labels) {
      cells.of(labels).value -= 1;
    },
    remove: (labels) => cells.delete(labels),
    get: () => gauge.get(),
  };
}

/** @param config `buckets`: upper bounds in rising order; a value equal to one is within it */
export function createHistogram<L extends string>(
  config: SeriesConfig<L> & { readonly buckets: readonly number[] },
): SeriesHistogram<L> {
  const { name, help, labelNames, registers, buckets } = config;
  const cells = new Cells(labelNames, (labels: LabelValues<L>) => {
    return { labels, sum: 0, count: 0, within: buckets.map(() => 0) };
  });

  function valuesOf({ labels, sum, count, within }: ReturnType<typeof cells.of>) {
    let below = 0;
    const bounded = buckets.map((le, i) => ({ le, value: (below += within[i] ?? 0) }));
    return [
      ...[...bounded, { le: '+Inf', value: count }].map(({ le, value }) => {
        return { metricName: `${name}_bucket`, labels: { le, ...labels }, value };
      }),
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }

  const type = 'histogram' as unknown as MetricType;
  const histogram: SeriesHistogram<L> = {
    observe(labels, value) {
      const cell = cells.of(labels);
      cell.sum += value;
      cell.count += 1;
      const bound = buckets.findIndex((le) => value <= le);
      if (bound >= 0) cell.within[bound] = (cell.within[bound] ?? 0) + 1;
    },
    zero: (labels) => void cells.of(labels),
    get: async () => {
      return { name, help, type, aggregator: 'sum', collect: () => {}, values: cells.all().flatMap(valuesOf) };
    },
  };
  // What a registry asks a metric for when it is scraped.
  const metric = Object.assign(histogram, { name, labelNames }) as unknown as Histogram;
  for (const registry of registers) registry.registerMetric(metric);
  return histogram;
}
