/** Something measured, and its bounds. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit?: string;
  readonly least?: number;
  readonly most?: number;
}

/** False too if it could not be measured. */
export function isKept({ value, least = -Infinity, most = Infinity }: Figure): boolean {
  return value >= least && value <= most;
}

/** One line per figure, with its bounds. */
export function describeFigures(figures: readonly Figure[]): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  return figures.map((figure) => `${figure.name.padEnd(width)}  ${describe(figure)}`).join('\n');
}

function describe(figure: Figure): string {
  const { value, unit = '', least, most } = figure;
  const bounds = [
    ...(least === undefined ? [] : [`at least ${least}`]),
    ...(most === undefined ? [] : [`at most ${most}`]),
  ];
  const written = [Number(value.toFixed(1)), unit].join(' ').trim();
  return [
    written,
    ...(bounds.length > 0 ? [`(${bounds.join(', ')})`] : []),
    ...(isKept(figure) ? [] : ['NOT KEPT']),
  ].join('  ');
}
