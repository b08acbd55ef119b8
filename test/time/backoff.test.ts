import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../../src/time/backoff.ts';

const bounds = { baseMs: 1_000, capMs: 60_000 };
const highest = () => 1 - Number.EPSILON;

test('backoff - the bound starts at the base, doubles, and stays at the cap', () => {
  const pauses = [1, 2, 3, 6, 7, 8, 5_000].map((attempt) =>
    Math.round(backoffMs({ ...bounds, attempt, random: highest })),
  );
  assert.deepEqual(pauses, [1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000]);
});

test('backoff - the pause is spread evenly between 0 and the bound', () => {
  const pauses = [0, 0.25, 0.5].map((value) => backoffMs({ ...bounds, attempt: 3, random: () => value }));
  assert.deepEqual(pauses, [0, 1_000, 2_000]);
});

test('backoff - the pause that the other side asked for is the minimum, and jitter is added', () => {
  const pauses = [0, 0.5].map((value) => backoffMs({ ...bounds, attempt: 2, random: () => value, afterMs: 120_000 }));
  assert.deepEqual(pauses, [120_000, 121_000]);
});

test('backoff - an attempt below 1 counts as 1, and a time in the past as 0', () => {
  assert.equal(backoffMs({ ...bounds, attempt: 0, random: () => 0.5, afterMs: -5_000 }), 500);
});
