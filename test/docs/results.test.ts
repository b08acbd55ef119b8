import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { answers } from '../../src/core/answers.ts';
import { apnsTable, resultOfAnswer as apnsResultOf } from '../../src/providers/apns/results.ts';
import type { RowResult } from '../../src/providers/results.ts';
import { fcmTable, resultOfAnswer as fcmResultOf } from '../../src/providers/fcm/results.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/results.md'), 'utf8');

/** Cells of the first table below a heading, without its header. */
function tableBelow(heading: string): string[][] {
  const [, section = ''] = page.split(`\n${heading}\n`);
  const lines = section.slice(section.indexOf('\n|') + 1).split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  const rows = lines.slice(2, end).map((line) => line.split('|').slice(1, -1));
  assert.ok(rows.length > 0, `no table below ${heading}`);
  return rows.map((cells) => cells.map((cell) => cell.trim()));
}

const bare = (cell: string) => (cell === 'none' || cell === '' ? '-' : cell.replaceAll('`', ''));
const isDefault = (cells: readonly string[]) => cells.includes('anything else');

/** The default row for a status: the first that names the status, its class or any other. */
function defaultOf(rows: readonly (readonly string[])[], status: number): string | undefined {
  const names = [String(status), `any ${Math.floor(status / 100)}xx`, 'any other'];
  const found = names
    .map((name) => rows.find((cells) => isDefault(cells) && (cells[0] ?? '').split(', ').includes(name)))
    .find((cells) => cells !== undefined);
  return found && found.slice(-2).map(bare).join(' ');
}

const statuses = Array.from({ length: 400 }, (_, i) => 200 + i);

test('docs - the table for APNs has every row of the code, and no other', () => {
  const written = tableBelow('### APNs')
    .filter((cells) => !isDefault(cells))
    .flatMap(([status, reasons = '', result = '', scope = '']) =>
      reasons.split(', ').map((reason) => `${status} ${bare(reason)} ${bare(result)} ${bare(scope)}`),
    );
  const coded = apnsTable.map(({ status, reason, result, scope }) => `${status} ${reason} ${result} ${scope}`);
  assert.deepEqual(written.toSorted(), coded.toSorted());
});

test('docs - the table for FCM has every row of the code, and no other', () => {
  const written = tableBelow('### FCM')
    .filter((cells) => !isDefault(cells))
    .flatMap(([status, where = '', reasons = '', result = '', scope = '']) => {
      const source = where === '' ? 'none' : bare(where);
      return reasons.split(', ').map((reason) => `${status} ${source} ${bare(reason)} ${bare(result)} ${bare(scope)}`);
    });
  const coded = fcmTable.map(
    ({ status, source, reason, result, scope }) => `${status} ${source} ${reason} ${result} ${scope}`,
  );
  assert.deepEqual(written.toSorted(), coded.toSorted());
});

test('docs - the default rows match the code under every status', () => {
  const [apns, fcm] = [tableBelow('### APNs'), tableBelow('### FCM')];
  const words = ({ result, scope }: { readonly result: string; readonly scope: string }) => `${result} ${scope}`;
  for (const status of statuses) {
    assert.equal(defaultOf(apns, status), words(apnsResultOf(status, 'BrandNew')), `APNs ${status}`);
    // A 200 without a known reason has its own row in the table.
    assert.equal(defaultOf(fcm, status), words(fcmResultOf(status, { status: 'BRAND_NEW' })), `FCM ${status}`);
  }
});

test('docs - every result is explained, with the answer that the code gives', () => {
  const explained = new Map(
    tableBelow('## Push results').map(([word = '', , heard = '']) => [bare(word), bare(heard)]),
  );
  const used = new Set([...apnsTable, ...fcmTable].map(({ result }) => result));
  assert.deepEqual([...explained.keys()].toSorted(), [...used].toSorted());
  const heard: Readonly<Record<RowResult, string>> = {
    accepted: answers.sent,
    retry: answers.queued,
    'payload-rejected': answers['payload-rejected'],
    'dead-token': answers.gone,
    misconfigured: answers.misconfigured,
    'doubtful-token': 'as either',
    'renew-credential': 'as either',
  };
  for (const [word, answer] of explained) assert.equal(answer, heard[word as RowResult], word);
});

test('docs - the table of outcomes has every outcome with its answer, and no other', () => {
  const written = tableBelow('## Outcomes').map(([outcome = '', , answer = '']) => [bare(outcome), bare(answer)]);
  assert.deepEqual(Object.fromEntries(written), answers);
});
