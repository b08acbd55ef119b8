import type { Fate, Trial } from './run.ts';

/** Of a hundred mutants, so many must die. */
export const mustDiePercent = 97;

const isDead = ({ kind }: Fate) => kind === 'killed' || kind === 'timed-out';

/** One line about a mutant: whether it died, what it breaks, and by what it died. */
export function describeTrial({ area, mutant, fate }: Trial): string {
  const name = `${area} ${mutant.file}: ${mutant.breaks}`;
  const stale = mutant.survives === undefined ? '' : ' (take its explanation out of the table)';
  switch (fate.kind) {
    case 'killed':
      return `✓ ${name}\n    killed by ${fate.by}${stale}`;
    case 'timed-out':
      return `✓ ${name}\n    killed by timeout: ${fate.by} did not end${stale}`;
    case 'survived':
      return mutant.survives === undefined
        ? `✗ ${name}\n    nothing noticed ${JSON.stringify(mutant.replace)}`
        : `~ ${name}\n    survives: ${mutant.survives}`;
    case 'unusable':
      return `! ${name}\n    not tried: ${fate.why}`;
  }
}

export interface Summary {
  /** The table of figures per area, then the survivors. */
  readonly text: string;
  /** Whether so many died as must, each survivor is explained and all could be tried. */
  readonly isGood: boolean;
}

export function summarise(trials: readonly Trial[]): Summary {
  const row = (name: string, of: readonly Trial[]) => {
    const count = (...kinds: Fate['kind'][]) => of.filter(({ fate }) => kinds.includes(fate.kind)).length;
    const figures = [of.length, count('killed'), count('timed-out'), count('survived'), count('unusable')];
    return [name, ...figures.map(String), `${percentOf(of).toFixed(1)} %`];
  };
  const areas = [...new Set(trials.map(({ area }) => area))].toSorted();
  const rows = [
    ['area', 'mutants', 'killed', 'timed out', 'survived', 'not tried', 'died'],
    ...areas.map((name) =>
      row(
        name,
        trials.filter(({ area }) => area === name),
      ),
    ),
    row('all', trials),
  ];
  const bad = trials.filter(({ fate }) => !isDead(fate));
  const isExplained = ({ mutant, fate }: Trial) => fate.kind === 'survived' && mutant.survives !== undefined;
  return {
    text: [...alignRows(rows), ...bad.map(describeTrial)].join('\n'),
    isGood: percentOf(trials) >= mustDiePercent && bad.every(isExplained),
  };
}

function percentOf(trials: readonly Trial[]): number {
  return trials.length === 0 ? 0 : (trials.filter(({ fate }) => isDead(fate)).length / trials.length) * 100;
}

function alignRows(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0));
  return rows.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(width(column)) : cell.padStart(width(column))))
      .join('  ')
      .trimEnd(),
  );
}
