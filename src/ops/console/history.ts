// What the charts of the console show: one point each five seconds for an hour, in memory.
import { type AppFigures, type Bucket, type Figures, resultKinds } from './figures.ts';

/** Milliseconds from one point to the next. */
export const pointEveryMs = 5_000;

/** Points that are kept: an hour of them. The oldest one goes first. */
export const historyPoints = 720;

/** Apps with points of their own; more of them count in `all` alone. With that many, an hour takes some 4 MB. */
export const historyApps = 20;

/**
 * What a point says of an app, or of all apps together:
 * pushes a second by result; `median` and `p95`: seconds from sending a push until its result, that half and 95 % of the
 * pushes stayed below; `queued`: pushes in the outbox; `oldest`: seconds that the oldest one has waited; `registrations`.
 */
export const appColumns = [...resultKinds, 'median', 'p95', 'queued', 'oldest', 'registrations'] as const;

/** Null: there is nothing to say, such as the time of no push. */
export type AppPoint = Readonly<Record<(typeof appColumns)[number], number | null>>;

/** Publishes a second: answered `result`, and answered anything else. */
export interface PublishPoint {
  readonly taken: number;
  readonly refused: number;
}

/** What happened since the point before. */
export interface HistoryPoint {
  /** Seconds since 1970. */
  readonly at: number;
  readonly publishes: PublishPoint;
  readonly all: AppPoint;
  readonly apps: Readonly<Record<string, AppPoint>>;
}

/** All points, one array a figure, each as long as `at`. An app has nulls for the time in which it was not there. */
export interface HistoryColumns {
  /** Most points that are kept. */
  readonly limit: number;
  readonly at: readonly number[];
  readonly publishes: Readonly<Record<keyof PublishPoint, readonly number[]>>;
  readonly all: Readonly<Record<keyof AppPoint, readonly (number | null)[]>>;
  readonly apps: Readonly<Record<string, Readonly<Record<keyof AppPoint, readonly (number | null)[]>>>>;
}

/** When something was read: wall time, and time that never goes back. Milliseconds. */
export interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** A bounded history of figures. */
export interface History {
  /** Takes what the metrics say now. Undefined: it is the first time, so that there is nothing to compare with. */
  add(figures: Figures, moment: Moment): HistoryPoint | undefined;
  columns(): HistoryColumns;
}

/** Begins empty. */
export function createHistory(): History {
  const points: HistoryPoint[] = [];
  let before: { readonly figures: Figures; readonly moment: Moment } | undefined;

  return {
    add(figures, moment) {
      const earlier = before;
      if (earlier && moment.monotonicMs <= earlier.moment.monotonicMs) return undefined;
      before = { figures, moment };
      if (!earlier) return undefined;
      const point = compare(earlier.figures, figures, moment, earlier.moment);
      // The machine's clock was set back: charts go from left to right.
      while ((points.at(-1)?.at ?? -Infinity) >= point.at) points.pop();
      points.push(point);
      if (points.length > historyPoints) points.shift();
      return point;
    },
    columns() {
      const names = [...new Set(points.flatMap(({ apps }) => Object.keys(apps)))];
      return {
        limit: historyPoints,
        at: points.map(({ at }) => at),
        publishes: {
          taken: points.map(({ publishes }) => publishes.taken),
          refused: points.map(({ publishes }) => publishes.refused),
        },
        all: columnsOf(points.map(({ all }) => all)),
        apps: Object.fromEntries(names.map((name) => [name, columnsOf(points.map(({ apps }) => apps[name]))])),
      };
    },
  };
}

function compare(before: Figures, now: Figures, { wallMs, monotonicMs }: Moment, earlier: Moment): HistoryPoint {
  const seconds = (monotonicMs - earlier.monotonicMs) / 1_000;
  const since = (apps: readonly AppFigures[], was: readonly AppFigures[]) => pointOf({ apps, was, seconds, wallMs });
  const shown = now.apps.slice(0, historyApps);
  return {
    at: Math.round(wallMs / 1_000),
    publishes: {
      taken: rate(now.publishes.taken - before.publishes.taken, seconds),
      refused: rate(now.publishes.refused - before.publishes.refused, seconds),
    },
    all: since(now.apps, before.apps),
    apps: Object.fromEntries(
      shown.map((one) => [
        one.app,
        since(
          [one],
          before.apps.filter(({ app }) => app === one.app),
        ),
      ]),
    ),
  };
}

interface Span {
  readonly apps: readonly AppFigures[];
  readonly was: readonly AppFigures[];
  readonly seconds: number;
  readonly wallMs: number;
}

function pointOf({ apps, was, seconds, wallMs }: Span): AppPoint {
  const grown = (count: (one: AppFigures) => number) => total(apps, count) - total(was, count);
  const results = resultKinds.map((kind) => [
    kind,
    rate(
      grown(({ results: all }) => all[kind] ?? 0),
      seconds,
    ),
  ]);
  const bounds = [...new Set(apps.flatMap(({ buckets }) => buckets.map((bucket) => bucket.seconds)))];
  const buckets = bounds
    .toSorted((a, b) => a - b)
    .map((bound) => ({ seconds: bound, count: grown((one) => countOf(one.buckets, bound)) }));
  const oldestMs = Math.min(
    ...apps.flatMap(({ queued, oldestQueuedAtMs = Infinity }) => (queued > 0 ? oldestQueuedAtMs : [])),
  );
  return {
    ...(Object.fromEntries(results) as Record<(typeof resultKinds)[number], number>),
    median: quantile(buckets, 0.5),
    p95: quantile(buckets, 0.95),
    queued: total(apps, ({ queued }) => queued),
    oldest: Number.isFinite(oldestMs) ? Math.max(0, Math.round((wallMs - oldestMs) / 1_000)) : 0,
    registrations: total(apps, ({ registrations }) => registrations),
  };
}

/**
 * The seconds that this share of the pushes stayed below, as far as buckets tell: within a bucket pushes count as evenly
 * spread, and beyond the last bound they count as having taken that long. Null: there are none.
 */
export function quantile(buckets: readonly Bucket[], share: number): number | null {
  const all = buckets.at(-1)?.count ?? 0;
  if (all <= 0) return null;
  const rank = share * all;
  const index = buckets.findIndex(({ count }) => count >= rank);
  const { seconds: from, count: below } = buckets[index - 1] ?? { seconds: 0, count: 0 };
  const { seconds: to, count } = buckets[index] ?? { seconds: Infinity, count: all };
  return round(Number.isFinite(to) ? from + ((to - from) * (rank - below)) / (count - below) : from);
}

function countOf(buckets: readonly Bucket[], seconds: number): number {
  return buckets.find((bucket) => bucket.seconds === seconds)?.count ?? 0;
}

function columnsOf(points: readonly (AppPoint | undefined)[]): HistoryColumns['all'] {
  const columns = appColumns.map((column) => [column, points.map((point) => point?.[column] ?? null)]);
  return Object.fromEntries(columns) as HistoryColumns['all'];
}

/** An app that was removed from the config, or a counter that began anew, is no negative rate. */
function rate(count: number, seconds: number): number {
  return round(Math.max(0, count) / seconds);
}

function total(apps: readonly AppFigures[], count: (one: AppFigures) => number): number {
  return apps.reduce((sum, one) => sum + count(one), 0);
}

/** Four digits after the point: a chart shows fewer. */
function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
