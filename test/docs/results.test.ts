import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { answers } from '../../src/core/answers.ts';
import { apnsTable, judgeAnswer as judgeApns } from '../../src/providers/apns/results.ts';
import { fcmTable, judgeAnswer as judgeFcm } from '../../src/providers/fcm/results.ts';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');

/** Cells of the first table below a heading, without its head. */
function tableBelow(heading: string): string[][] {
  const [, section = ''] = readme.split(`\n${heading}\n`);
  const lines = section.slice(section.indexOf('\n|') + 1).split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  const rows = lines.slice(2, end).map((line) => line.split('|').slice(1, -1));
  assert.ok(rows.length > 0, `no table below ${heading}`);
  return rows.map((cells) => cells.map((cell) => cell.trim()));
}

const bare = (cell: string) => (cell === 'none' || cell === '' ? '-' : cell.replaceAll('`', ''));
const isDefault = (cells: readonly string[]) => cells.at(-2) === 'anything else';

/** What the rows for anything else say of a status: the first that names it, or its class, or any other. */
function defaultOf(rows: readonly (readonly string[])[], status: number): string | undefined {
  const names = [String(status), `any ${Math.floor(status / 100)}xx`, 'any other'];
  const found = names
    .map((name) => rows.find((cells) => isDefault(cells) && (cells[0] ?? '').split(', ').includes(name)))
    .find((cells) => cells !== undefined);
  return found && bare(found.at(-1) ?? '');
}

const statuses = Array.from({ length: 400 }, (_, i) => 200 + i);

test('README - its table for APNs has every row of the code, and no other', () => {
  const written = tableBelow('### APNs')
    .filter((cells) => !isDefault(cells))
    .flatMap(([status, reasons = '', means = '']) => {
      const [meaning = '', ofDevice] = means.split(', ');
      const scope = ofDevice === undefined ? 'all' : 'device';
      return reasons.split(', ').map((reason) => `${status} ${bare(reason)} ${bare(meaning)} ${scope}`);
    });
  const coded = apnsTable.map(
    ({ status, reason, meaning, scope = 'all' }) => `${status} ${reason} ${meaning} ${scope}`,
  );
  assert.deepEqual(written.toSorted(), coded.toSorted());
});

test('README - its table for FCM has every row of the code, and no other', () => {
  const written = tableBelow('### FCM')
    .filter((cells) => !isDefault(cells))
    .flatMap(([status, where = '', reasons = '', means = '']) => {
      const source = where === '' ? 'none' : bare(where);
      const [meaning = '', ofDevice] = means.split(', ');
      const scope = ofDevice === undefined ? 'all' : 'unclear';
      return reasons.split(', ').map((reason) => `${status} ${source} ${bare(reason)} ${bare(meaning)} ${scope}`);
    });
  const coded = fcmTable.map(
    ({ status, source, reason, meaning, scope = 'all' }) => `${status} ${source} ${reason} ${meaning} ${scope}`,
  );
  assert.deepEqual(written.toSorted(), coded.toSorted());
});

test('README - what anything else means is what the code makes of it, under every status', () => {
  const [apns, fcm] = [tableBelow('### APNs'), tableBelow('### FCM')];
  for (const status of statuses) {
    assert.equal(defaultOf(apns, status), judgeApns(status, 'BrandNew').meaning, `APNs ${status}`);
    // A 200 without a known reason is in the table by itself.
    assert.equal(defaultOf(fcm, status), judgeFcm(status, { status: 'BRAND_NEW' }).meaning, `FCM ${status}`);
  }
});

test('README - every word of the tables is explained, with the answer that the code gives', () => {
  const explained = new Map(
    tableBelow('## What becomes of a push').map(([word = '', , heard = '']) => [bare(word), bare(heard)]),
  );
  const used = new Set([...apnsTable, ...fcmTable].map(({ meaning }) => meaning));
  assert.deepEqual([...explained.keys()].toSorted(), [...used].toSorted());
  const heard = { ...answers, retry: answers.owed, doubtful: 'as either', renew: 'as either' };
  for (const [word, answer] of explained) assert.equal(answer, heard[word as keyof typeof heard], word);
});
