/** The rows of the result: one for each case, provider and window, with medians over the rounds. */
import type { ProviderName } from './protocol.ts';
import { median } from './statistics.ts';

/** What one round measured; absent: the case has no such figure. */
export interface Figures {
  /** CPU of the measured process per notification, all threads, microseconds. */
  readonly cpuUs?: number;
  /** The same of what it is compared with. */
  readonly floorUs?: number;
  /** Default: `cpuUs / floorUs`. */
  readonly ratio?: number;
  readonly perSecond?: number;
  /** From stanza to answer, milliseconds. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Peak of the resident memory, in units of 2^20 bytes. */
  readonly rssMb?: number;
}

/** Names of the figures, in the order of the columns. */
export const figureNames = ['cpuUs', 'floorUs', 'ratio', 'perSecond', 'p50Ms', 'p99Ms', 'rssMb'] as const;
export type FigureName = (typeof figureNames)[number];

export interface RowKey {
  readonly case: string;
  readonly provider: ProviderName | null;
  readonly window: number | null;
}

/** Medians; null: the case has no such figure. */
export interface Row extends RowKey, Readonly<Record<FigureName, number | null>> {
  readonly rounds: number;
  /** Smallest and largest value of the rounds. */
  readonly ranges: Readonly<Partial<Record<FigureName, readonly [number, number]>>>;
}

/** The row of a case made of its rounds. A ratio is the median of the ratios of the rounds, not that of two medians. */
export function rowOf({ case: name, provider, window }: RowKey, rounds: readonly Figures[]): Row {
  const complete = rounds.map((round) => {
    const { cpuUs, floorUs } = round;
    return cpuUs === undefined || floorUs === undefined ? round : { ratio: cpuUs / floorUs, ...round };
  });
  const valuesOf = (figure: FigureName) =>
    complete.map((round) => round[figure]).filter((value) => value !== undefined);
  const medians = figureNames.map((figure) => {
    const values = valuesOf(figure);
    return [figure, values.length === 0 ? null : rounded(median(values))] as const;
  });
  const ranges = figureNames.flatMap((figure) => {
    const values = valuesOf(figure);
    return values.length === 0 ? [] : [[figure, [rounded(Math.min(...values)), rounded(Math.max(...values))]] as const];
  });
  return {
    case: name,
    provider,
    window,
    ...(Object.fromEntries(medians) as Record<FigureName, number | null>),
    rounds: rounds.length,
    ranges: Object.fromEntries(ranges),
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
