import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowOf } from './rows.ts';
import { align, tableOf } from './table.ts';

const key = { case: 'steady', provider: 'apns', window: 50 } as const;
const row = rowOf(key, [
  { cpuUs: 300, floorUs: 100, perSecond: 3000, p50Ms: 5, p99Ms: 20, rssMb: 200 },
  { cpuUs: 100, floorUs: 100, perSecond: 4000, p50Ms: 4, p99Ms: 10, rssMb: 220 },
  { cpuUs: 150, floorUs: 50, perSecond: 5000, p50Ms: 3, p99Ms: 15, rssMb: 210 },
]);

test('bench - a row has medians; its ratio is the median of the ratios of the rounds', () => {
  const { ranges, ...medians } = row;
  assert.deepEqual(medians, {
    ...key,
    ...{ cpuUs: 150, floorUs: 100, ratio: 3, perSecond: 4000, p50Ms: 4, p99Ms: 15, rssMb: 210, rounds: 3 },
  });
  assert.deepEqual(ranges.ratio, [1, 3]);
  assert.deepEqual(ranges.perSecond, [3000, 5000]);
});

test('bench - a figure that no round has is null, and one that some have counts for those', () => {
  const idle = rowOf({ case: 'idle', provider: null, window: null }, [{ rssMb: 90 }, { rssMb: 92 }, {}]);
  assert.deepEqual(idle, {
    ...{ case: 'idle', provider: null, window: null },
    ...{ cpuUs: null, floorUs: null, ratio: null, perSecond: null, p50Ms: null, p99Ms: null, rssMb: 91 },
    rounds: 3,
    ranges: { rssMb: [90, 92] },
  });
});

test('bench - a ratio that a case gives is not computed', () => {
  assert.equal(rowOf(key, [{ cpuUs: 10, floorUs: 5, ratio: 7 }]).ratio, 7);
});

test('bench - the table shows medians with smallest and largest value', () => {
  assert.equal(
    align(tableOf([row])),
    [
      'case    provider  window         CPU µs         floor             ratio                   /s            p50 ms      p99 ms         RSS MB',
      'steady      APNs      50  150 [100–300]  100 [50–100]  3.00 [1.00–3.00]  4,000 [3,000–5,000]  4.00 [3.00–5.00]  15 [10–20]  210 [200–220]',
    ].join('\n'),
  );
});
