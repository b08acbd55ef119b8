import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cases } from './cases/all.ts';
import { bestOf, type CommittedRatio, describeWorse, findWorse, ratiosOf } from './ratios.ts';
import { readCommittedRatios } from './result-file.ts';
import { type Row, rowOf } from './rows.ts';

/** A row of the case steady, APNs at window 50, with this ratio to a floor of 100 µs. */
const row = (ratio: number, window = 50): Row =>
  rowOf({ case: 'steady', provider: 'apns', window }, [{ cpuUs: ratio * 100, floorUs: 100 }]);
const committed: CommittedRatio[] = [{ case: 'steady', provider: 'apns', window: 50, ratio: 1.2 }];

test('bench - a ratio may be a quarter worse than the committed one, and no more', () => {
  assert.deepEqual(findWorse([row(1.5)], committed), []);
  assert.deepEqual(findWorse([row(0.6)], committed), []);
  assert.deepEqual(findWorse([row(1.51)], committed), [{ ...committed[0], measured: 1.51 }]);
});

test('bench - a committed ratio whose row is missing, or has none, is worse', () => {
  assert.deepEqual(findWorse([], committed), committed);
  assert.deepEqual(findWorse([row(1, 500)], committed), committed);
  assert.deepEqual(findWorse([{ ...row(1), provider: 'fcm' }], committed), committed);
  assert.deepEqual(findWorse([{ ...row(1), case: 'built' }], committed), committed);
  assert.deepEqual(findWorse([{ ...row(1), ratio: null }], committed), committed);
});

test('bench - a row that nothing is committed for is not compared', () => {
  assert.deepEqual(findWorse([row(1), row(9, 500)], committed), []);
});

test('bench - of two measurements the better one counts, row by row', () => {
  const best = bestOf([row(1.9), row(1.1, 500)], [row(1.3), row(1.4, 500)]);
  assert.deepEqual(
    best.map(({ window, ratio }) => [window, ratio]),
    [
      [50, 1.3],
      [500, 1.1],
    ],
  );
  assert.deepEqual(bestOf([row(1.9)], []), [row(1.9)]);
});

test('bench - what is committed of a result passes against itself', () => {
  const rows = [row(1.237), row(1.4, 500), { ...row(1), case: 'idle', ratio: null }];
  assert.deepEqual(ratiosOf(rows), [
    { case: 'steady', provider: 'apns', window: 50, ratio: 1.24 },
    { case: 'steady', provider: 'apns', window: 500, ratio: 1.4 },
  ]);
  assert.deepEqual(findWorse(rows, ratiosOf(rows)), []);
});

test('bench - a worsening says which case, by how much and against what', () => {
  const [expected] = committed;
  assert.ok(expected);
  assert.equal(
    describeWorse({ ...expected, measured: 1.8 }),
    'steady, apns, window 50: 1.80 times the floor, 50 % more than the committed 1.20',
  );
  assert.equal(
    describeWorse({ case: 'steady', provider: 'fcm', window: 500, ratio: 1.2 }),
    'steady, fcm, window 500: was not measured, but a ratio is committed for it',
  );
});

test('bench - a ratio is committed for every row that --quick measures', () => {
  const keys = readCommittedRatios().map(({ case: name, provider, window }) => `${name} ${provider} ${window}`);
  assert.deepEqual(keys, ['steady apns 50', 'steady apns 500', 'steady fcm 50', 'steady fcm 500']);
  assert.ok(cases.some(({ name }) => name === 'steady'));
});
