/** The reference of all keys in docs/configuration.md, written from the schema of the config. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { z } from 'zod';
import { createSchema } from '../../src/config/schema.ts';
import { alternativesOf, type KeyRow, rowsOf } from './keys.ts';

export const pagePath = join(import.meta.dirname, '../../docs/configuration.md');
const START = '<!-- Written from the schema by `npm run docs`; change the descriptions there. -->';
const END = '<!-- End of what is written from the schema. -->';

/** The page with the reference in it written anew. @throws Error if the page has lost the markers around it */
export async function writtenPage(): Promise<string> {
  const page = readFileSync(pagePath, 'utf8');
  const [before, rest] = page.split(START);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${pagePath} lacks a marker around the reference`);
  const text = `${before}${START}\n\n${reference()}\n\n${END}${after}`;
  return format(text, { ...(await resolveConfig(pagePath)), parser: 'markdown' });
}

function reference(): string {
  const sources = { baseDir: '/', readFile: () => Buffer.alloc(0), env: {} };
  return Object.entries(createSchema(sources, () => undefined).shape)
    .map(([key, schema]) => topLevel(key, schema))
    .join('\n\n');
}

/** A heading, what the section is about, its keys; of `apps` also those that only one provider has. */
function topLevel(key: string, schema: z.core.$ZodType): string {
  const [own, ...keys] = rowsOf(key, schema);
  if (!own) return '';
  const heading = `### \`${key}\``;
  if (key === 'apps') return [heading, own.meaning, ...appTables(schema)].join('\n\n');
  if (keys.length === 0) return [heading, table([own])].join('\n\n');
  const list = own.allowed.startsWith('list') ? ` ${sentence(own.allowed.split(',')[0] ?? '')}` : '';
  return [heading, `${own.meaning}${list}`, table(keys)].join('\n\n');
}

function appTables(schema: z.core.$ZodType): string[] {
  const byProvider = alternativesOf('apps.NAME', schema);
  const names = [...byProvider.keys()];
  const isCommon = (row: KeyRow) =>
    [...byProvider.values()].every((rows) => rows.some((other) => JSON.stringify(other) === JSON.stringify(row)));
  const provider: KeyRow = {
    path: 'apps.NAME.provider',
    allowed: names.map((name) => `\`${name}\``).join(', '),
    absent: 'required',
    meaning: 'Who delivers to the devices of this app.',
  };
  const [first = []] = byProvider.values();
  const ofOne = [...byProvider].map(([name, rows]) => {
    return `With \`provider: ${name}\` also:\n\n${table(rows.filter((row) => !isCommon(row)))}`;
  });
  return [table([provider, ...first.filter(isCommon)]), ...ofOne];
}

function table(rows: readonly KeyRow[]): string {
  const lines = rows.map(
    ({ path, allowed, absent, meaning }) => `| \`${path}\` | ${allowed} | ${absent} | ${meaning} |`,
  );
  return ['| key | values | default | meaning |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
