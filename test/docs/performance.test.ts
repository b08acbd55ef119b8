import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cases } from '../bench/cases/all.ts';
import { readResult } from '../bench/result-file.ts';
import { pagePath, resultPath, writtenPage } from './performance.ts';

test('docs - the figures in docs/performance.md are those of docs/performance.json; npm run docs writes them', async () => {
  assert.equal(readFileSync(pagePath, 'utf8'), await writtenPage());
});

test('docs - every row of docs/performance.json is of a case that the benchmark has', () => {
  const { rows } = readResult(resultPath);
  assert.ok(rows.length > 0);
  const unknown = rows.filter(
    ({ case: name }) => !cases.some((each) => name === each.name || name.startsWith(`${each.name}-`)),
  );
  assert.deepEqual(unknown, []);
});
