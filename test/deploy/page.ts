import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** The blocks of shell commands of a page, in their order. @param path from the root of the repository */
export function commandsOf(path: string): string[] {
  const page = readFileSync(join(root, path), 'utf8');
  return [...page.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block);
}

/** The blocks of shell commands below a heading of docs/deploying.md, in their order. */
export function commandsBelow(heading: string): string[] {
  const page = readFileSync(join(root, 'docs/deploying.md'), 'utf8');
  const [, rest] = page.split(`\n## ${heading}\n`);
  if (rest === undefined) throw new Error(`docs/deploying.md has no heading ${heading}`);
  const [section = ''] = rest.split('\n## ');
  return [...section.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block);
}
