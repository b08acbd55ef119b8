/** The tables of docs/performance.md, written from docs/performance.json, which `npm run bench -- --json` writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { cases } from '../bench/cases/all.ts';
import { readResult } from '../bench/result-file.ts';
import { tableOf } from '../bench/table.ts';

const docs = join(import.meta.dirname, '../../docs');
export const pagePath = join(docs, 'performance.md');
export const resultPath = join(docs, 'performance.json');

/** Parts of the page between markers, by their names. */
function parts(): Readonly<Record<string, string>> {
  const { machine, rows } = readResult(resultPath);
  const described = cases.map(({ name, describes, comparedWith }) => [
    `\`${name}\``,
    describes,
    comparedWith ?? 'nothing',
  ]);
  return {
    figures: `Measured on: ${machine}.\n\n${tableText(tableOf(rows))}`,
    cases: tableText([['case', 'what is measured', 'what it is compared with'], ...described]),
  };
}

function tableText([head = [], ...lines]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...lines.map(line)].join('\n');
}

/** The page with its tables written anew. @throws Error if the page has lost the markers around them */
export async function writtenPage(): Promise<string> {
  let page = readFileSync(pagePath, 'utf8');
  for (const [name, content] of Object.entries(parts())) {
    const start = `<!-- ${name}: written by \`npm run docs\`. -->`;
    const end = `<!-- End of ${name}. -->`;
    const [before, rest] = page.split(start);
    const after = rest?.split(end)[1];
    if (before === undefined || after === undefined) throw new Error(`${pagePath} lacks a marker around ${name}`);
    page = `${before}${start}\n\n${content}\n\n${end}${after}`;
  }
  return format(page, { ...(await resolveConfig(pagePath)), parser: 'markdown' });
}
