/** Compares ratios to the floor with the committed ones, so that a change that makes pushes dearer does not go unnoticed. */
import type { Row } from './rows.ts';

/** A committed ratio. */
export interface CommittedRatio extends Pick<Row, 'case' | 'provider' | 'window'> {
  readonly ratio: number;
}

/** How much worse than the committed one a ratio may be, as a part of it. Runs on one machine differ by a tenth. */
export const tolerance = 0.25;

/** A ratio that is too high, or a row that is missing. */
export interface Worsening extends CommittedRatio {
  /** Undefined: this row was not measured. */
  readonly measured?: number;
}

/** The committed ratios that the rows exceed by more than the tolerance, or do not have. Rows that nothing is committed for count as good. */
export function findWorse(rows: readonly Row[], committed: readonly CommittedRatio[]): Worsening[] {
  return committed.flatMap((expected) => {
    const row = rows.find((each) => isSame(each, expected));
    if (!row || row.ratio === null) return [expected];
    return row.ratio > expected.ratio * (1 + tolerance) ? [{ ...expected, measured: row.ratio }] : [];
  });
}

/** Of two measurements of the same rows the better one, row by row: noise of a machine only adds. */
export function bestOf(first: readonly Row[], second: readonly Row[]): Row[] {
  return first.map((row) => {
    const again = second.find((each) => isSame(each, row));
    if (!again || again.ratio === null) return row;
    return row.ratio === null || again.ratio < row.ratio ? again : row;
  });
}

/** What is to be committed of these rows. */
export function ratiosOf(rows: readonly Row[]): CommittedRatio[] {
  return rows.flatMap(({ case: name, provider, window, ratio }) =>
    ratio === null ? [] : [{ case: name, provider, window, ratio: Number(ratio.toFixed(2)) }],
  );
}

/** A sentence for whoever reads the log of a failed run. */
export function describeWorse({ case: name, provider, window, ratio, measured }: Worsening): string {
  const which = [name, provider, window === null ? undefined : `window ${window}`].filter(Boolean).join(', ');
  if (measured === undefined) return `${which}: was not measured, but a ratio is committed for it`;
  const percent = Math.round((measured / ratio - 1) * 100);
  return `${which}: ${measured.toFixed(2)} times the floor, ${percent} % more than the committed ${ratio.toFixed(2)}`;
}

function isSame(a: Pick<Row, 'case' | 'provider' | 'window'>, b: Pick<Row, 'case' | 'provider' | 'window'>): boolean {
  return a.case === b.case && a.provider === b.provider && a.window === b.window;
}
