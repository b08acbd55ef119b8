/** Draws the cost of each stage as bars, server above floor (SVG 1.1, no script, no fonts of its own). */
import { type Stage, stages } from './stages.ts';

export interface StageColumn {
  readonly name: string;
  readonly stages: ReadonlyMap<Stage, number>;
}

const labelWidth = 300;
const barWidth = 440;
const width = labelWidth + barWidth + 80;
const barHeight = 14;
const titleHeight = 56;
const colours = ['#1d4f91', '#9db4d3'];

/** @param columns what is compared; the first one gives the order */
export function drawStages(title: string, columns: readonly StageColumn[]): string {
  const rowHeight = columns.length * barHeight + 12;
  const height = titleHeight + stages.length * rowHeight + 12;
  const largest = Math.max(1, ...columns.flatMap((column) => [...column.stages.values()]));
  const rows = stages.map((stage, row) => {
    const top = titleHeight + row * rowHeight;
    const middle = top + (columns.length * barHeight) / 2 + 4;
    const bars = columns.map((column, index) => {
      const micros = column.stages.get(stage) ?? 0;
      const y = top + index * barHeight;
      const length = ((micros / largest) * barWidth).toFixed(1);
      return (
        `<rect x="${labelWidth}" y="${y}" width="${length}" height="${barHeight - 2}" fill="${colours[index]}"/>` +
        `<text x="${labelWidth + Number(length) + 6}" y="${y + 10}">${micros.toFixed(1)}</text>`
      );
    });
    return `<text x="${labelWidth - 10}" y="${middle}" text-anchor="end">${escape(stage)}</text>${bars.join('')}`;
  });
  const legend = columns.map((column, index) => {
    const sum = [...column.stages.values()].reduce((total, micros) => total + micros, 0);
    const x = labelWidth + index * 180;
    return (
      `<rect x="${x}" y="32" width="12" height="12" fill="${colours[index]}"/>` +
      `<text x="${x + 18}" y="42">${escape(column.name)}: ${sum.toFixed(0)} µs</text>`
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title)}" font-family="sans-serif" font-size="12" fill="#222">
<rect width="${width}" height="${height}" fill="#fff"/>
<text x="12" y="20" font-size="15" font-weight="bold">${escape(title)}</text>
${[...legend, ...rows].join('\n')}
</svg>
`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
