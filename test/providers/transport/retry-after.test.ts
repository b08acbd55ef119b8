import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRetryAfter } from '../../../src/providers/transport/retry-after.ts';

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
  ['Sun Nov  1 00:02:00 2026', 120_000],
  ['Sunday, 01-Nov-26 00:02:00 GMT', 120_000],
];
for (const [value, ms] of rows)
  test(`Retry-After - ${JSON.stringify(value)} is ${ms} ms`, () => {
    assert.equal(readRetryAfter({ 'retry-after': value }, now), ms);
  });

test('Retry-After - a date is read by the clock of its sender', () => {
  const headers = { 'retry-after': 'Sun, 01 Nov 2026 00:02:00 GMT', date: 'Sun, 01 Nov 2026 00:01:00 GMT' };
  assert.equal(readRetryAfter(headers, now - 3_600_000), 60_000);
  assert.equal(readRetryAfter({ ...headers, date: 'yesterday' }, now), 120_000);
  assert.equal(readRetryAfter({ ...headers, 'retry-after': '7' }, now), 7_000);
});
