/**
 * Counters and gauges of prom-client that are cheap to change: prom-client sorts and joins the labels of each change, and a
 * push makes a dozen of them. Changes are kept here as numbers and handed over when the metrics are asked for.
 */
import { Counter, Gauge, type LabelValues, type Registry } from 'prom-client';

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

interface Cell<L extends string> {
  readonly labels: LabelValues<L>;
  value: number;
}

/** The cells of one metric by the values of its labels. */
class Cells<L extends string> extends Map<string, Cell<L>> {
  readonly #names: readonly L[];

  constructor(names: readonly L[]) {
    super();
    this.#names = names;
  }

  keyOf(labels: Labels<L>): string {
    const names = this.#names;
    const [first] = names;
    if (first === undefined) return '';
    let key = labels[first];
    for (let i = 1; i < names.length; i += 1) key += `\n${labels[names[i] as L]}`;
    return key;
  }

  of(labels: Labels<L>): Cell<L> {
    const key = this.keyOf(labels);
    let cell = this.get(key);
    if (!cell) {
      const own = Object.fromEntries(this.#names.map((name) => [name, labels[name]])) as LabelValues<L>;
      this.set(key, (cell = { labels: own, value: 0 }));
    }
    return cell;
  }
}

export function createCounter<L extends string>(config: SeriesConfig<L>): SeriesCounter<L> {
  const cells = new Cells(config.labelNames);
  const counter = new Counter<L>({
    ...config,
    collect() {
      for (const cell of cells.values()) {
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
  const cells = new Cells(config.labelNames);
  const gauge = new Gauge<L>({
    ...config,
    collect() {
      this.reset();
      for (const { labels, value } of cells.values()) this.set(labels, value);
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
    remove: (labels) => void cells.delete(cells.keyOf(labels)),
    get: () => gauge.get(),
  };
}
