import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRetryAfter } from '../../src/providers/retry-after.ts';

const now = Date.UTC(2026, 10, 1);
const rows: [string | string[] | undefined, number | undefined][] = [
  [undefined, undefined],
  ['', undefined],
  ['soon', undefined],
  ['-1', undefined],
  [['1', '2'], undefined],
  ['0', 0],
  ['120', 120_000],
  [' 120 ', 120_000],
  ['Sun, 01 Nov 2026 00:02:00 GMT', 120_000],
  ['Sat, 31 Oct 2026 00:02:00 GMT', 0],
  ['99999999999', 86_400_000],
  ['Fri, 01 Jan 2100 00:00:00 GMT', 86_400_000],
];
for (const [value, ms] of rows)
  test(`Retry-After - ${JSON.stringify(value)} is ${ms} ms`, () => assert.equal(readRetryAfter(value, now), ms));
