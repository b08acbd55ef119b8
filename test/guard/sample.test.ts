import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSample } from '../../src/guard/sample.ts';
import { manualClock } from '../support/clock.ts';

test('sample - the same key counts once, as it was seen last', () => {
  const sample = createSample({ clock: manualClock(), limit: 10 });
  for (let i = 0; i < 5; i += 1) sample.note('a', false);
  sample.note('b', true);
  assert.deepEqual(sample.count(1000), { seen: 2, bad: 1 });
  sample.note('a', true);
  assert.deepEqual(sample.count(1000), { seen: 2, bad: 2 });
});

test('sample - what an earlier bad end is remembered with stays until the end is good', () => {
  const sample = createSample<string>({ clock: manualClock(), limit: 10 });
  sample.note('a', true).detail = 'first';
  sample.note('a', true);
  assert.deepEqual(
    sample.bad(1000).map(({ detail }) => detail),
    ['first'],
  );
  sample.note('a', false);
  sample.note('a', true);
  assert.deepEqual(
    sample.bad(1000).map(({ detail }) => detail),
    [undefined],
  );
});

test('sample - beyond the limit the one that was seen longest ago is forgotten', () => {
  const sample = createSample({ clock: manualClock(), limit: 3 });
  sample.note('a', true);
  sample.note('b', true);
  sample.note('a', true);
  for (let i = 0; i < 1000; i += 1) {
    sample.note(`${i}`, false);
    assert.ok(sample.size <= 3);
  }
  assert.deepEqual(sample.count(1000), { seen: 3, bad: 0 });
});

test('sample - what is older than the time asked for does not count', () => {
  const clock = manualClock();
  const sample = createSample<string>({ clock, limit: 10 });
  sample.note('a', true).detail = 'first';
  clock.advance(1000);
  sample.note('b', true).detail = 'second';
  assert.deepEqual(sample.count(1000), { seen: 2, bad: 2 });
  clock.advance(1);
  assert.deepEqual(
    sample.bad(1000).map(({ detail }) => detail),
    ['second'],
  );
});

test('sample - what is seen again is the latest: others are forgotten before it', () => {
  const sample = createSample({ clock: manualClock(), limit: 3 });
  sample.note('a', true);
  sample.note('b', false);
  sample.note('c', false);
  sample.note('a', true);
  sample.note('d', false);
  sample.note('e', false);
  assert.deepEqual(sample.count(1000), { seen: 3, bad: 1 });
});
