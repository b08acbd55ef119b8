import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSample } from '../../src/guard/sample.ts';
import { manualClock } from '../support/clock.ts';

const device = (key: string, account = `${key}@example.net`, domain = 'example.net') => ({ key, account, domain });

test('sample - the same key counts once, as it was seen last', () => {
  const sample = createSample({ clock: manualClock(), limit: 10, perAccount: 1000, perDomain: 1000 });
  for (let i = 0; i < 5; i += 1) sample.note(device('a'), false);
  sample.note(device('b'), true);
  assert.deepEqual(sample.count(1000), { seen: 2, bad: 1 });
  sample.note(device('a'), true);
  assert.deepEqual(sample.count(1000), { seen: 2, bad: 2 });
});

test('sample - what an earlier bad end is remembered with stays until the end is good', () => {
  const sample = createSample<string>({ clock: manualClock(), limit: 10, perAccount: 1000, perDomain: 1000 });
  sample.note(device('a'), true).detail = 'first';
  sample.note(device('a'), true);
  assert.deepEqual(
    sample.bad(1000).map(({ detail }) => detail),
    ['first'],
  );
  sample.note(device('a'), false);
  sample.note(device('a'), true);
  assert.deepEqual(
    sample.bad(1000).map(({ detail }) => detail),
    [undefined],
  );
});

test('sample - beyond the limit the one that was seen longest ago is forgotten', () => {
  const sample = createSample({ clock: manualClock(), limit: 3, perAccount: 1000, perDomain: 1000 });
  sample.note(device('a'), true);
  sample.note(device('b'), true);
  sample.note(device('a'), true);
  for (let i = 0; i < 1000; i += 1) {
    sample.note(device(`${i}`), false);
    assert.ok(sample.size <= 3);
  }
  assert.deepEqual(sample.count(1000), { seen: 3, bad: 0 });
});

test('sample - what is older than the time asked for does not count', () => {
  const clock = manualClock();
  const sample = createSample<string>({ clock, limit: 10, perAccount: 1000, perDomain: 1000 });
  sample.note(device('a'), true).detail = 'first';
  clock.advance(1000);
  sample.note(device('b'), true).detail = 'second';
  assert.deepEqual(sample.count(1000), { seen: 2, bad: 2 });
  clock.advance(1);
  assert.deepEqual(
    sample.bad(1000).map(({ detail }) => detail),
    ['second'],
  );
});

test('sample - what is seen again is the latest: others are forgotten before it', () => {
  const sample = createSample({ clock: manualClock(), limit: 3, perAccount: 1000, perDomain: 1000 });
  sample.note(device('a'), true);
  sample.note(device('b'), false);
  sample.note(device('c'), false);
  sample.note(device('a'), true);
  sample.note(device('d'), false);
  sample.note(device('e'), false);
  assert.deepEqual(sample.count(1000), { seen: 3, bad: 1 });
});

test('sample - beyond the limit of an account, and of a domain, its own oldest is forgotten', () => {
  const sample = createSample({ clock: manualClock(), limit: 100, perAccount: 2, perDomain: 4 });
  sample.note(device('innocent', 'a@example.org', 'example.org'), false);
  for (let i = 0; i < 10; i += 1) sample.note(device(`${i}`, 'mallory@example.net'), true);
  assert.deepEqual(sample.count(1000), { seen: 3, bad: 2 });
  for (let i = 10; i < 20; i += 1) sample.note(device(`${i}`), i >= 19);
  assert.deepEqual(sample.count(1000), { seen: 5, bad: 1 });
  assert.deepEqual(
    sample.latest(1000).map(({ domain }) => domain),
    ['example.org', ...Array.from({ length: 4 }, () => 'example.net')],
  );
});

test('sample - each domain is left out once, of what was seen within the time', () => {
  const clock = manualClock();
  const sample = createSample({ clock, limit: 10, perAccount: 10, perDomain: 10 });
  sample.note(device('old', 'a@example.org', 'example.org'), true);
  clock.advance(1001);
  sample.note(device('a'), true);
  sample.note(device('b'), false);
  sample.note(device('c', 'c@example.org', 'example.org'), true);
  assert.deepEqual(sample.countWithoutEach(1000), [
    { seen: 1, bad: 1 },
    { seen: 2, bad: 1 },
  ]);
  assert.deepEqual(sample.countWithoutEach(2000), [
    { seen: 2, bad: 1 },
    { seen: 2, bad: 2 },
  ]);
});
