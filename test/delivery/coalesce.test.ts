import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCoalescer } from '../../src/delivery/coalesce.ts';
import { manualClock } from '../support/clock.ts';

const never = () => {
  throw new Error('stored although it was to go at once');
};

test('coalescer - the first goes at once, one is stored for all that follow until the interval ends', async () => {
  const clock = manualClock();
  const coalescer = createCoalescer({ now: clock.now, limit: 10 });
  const delays: number[] = [];
  const store = (delayMs: number) => Promise.resolve(delays.push(delayMs) > 0);
  assert.equal(coalescer.claim('a', 1000, never), 'now');
  clock.advance(300);
  assert.equal(await coalescer.claim('a', 1000, store), true);
  assert.equal(await coalescer.claim('a', 1000, store), true);
  assert.deepEqual(delays, [700]);
});

test('coalescer - a push sent late opens an interval of its own', async () => {
  const clock = manualClock();
  const coalescer = createCoalescer({ now: clock.now, limit: 10 });
  const delays: number[] = [];
  const store = (delayMs: number) => Promise.resolve(delays.push(delayMs) > 0);
  coalescer.claim('a', 1000, never);
  await coalescer.claim('a', 1000, store);
  clock.advance(1200);
  await coalescer.claim('a', 1000, store);
  assert.deepEqual(delays, [1000, 800]);
  clock.advance(1800);
  assert.equal(coalescer.claim('a', 1000, never), 'now');
});

test('coalescer - an interval without a follower ends, and is forgotten when another begins', () => {
  const clock = manualClock();
  const coalescer = createCoalescer({ now: clock.now, limit: 10 });
  coalescer.claim('a', 1000, never);
  clock.advance(1000);
  assert.equal(coalescer.claim('b', 1000, never), 'now');
  assert.equal(coalescer.size, 1);
});

test('coalescer - a failed store is reported to all who relied on it, and the next one tries again', async () => {
  const coalescer = createCoalescer({ now: manualClock().now, limit: 10 });
  coalescer.claim('a', 1000, never);
  const outcome = Promise.withResolvers<boolean>();
  const second = coalescer.claim('a', 1000, () => outcome.promise);
  const third = coalescer.claim('a', 1000, never);
  outcome.resolve(false);
  assert.deepEqual([await second, await third], [false, false]);
  assert.equal(await coalescer.claim('a', 1000, () => Promise.resolve(true)), true);
});

test('coalescer - after failed attempts the stored push is still due when its interval ends', async () => {
  const clock = manualClock();
  const coalescer = createCoalescer({ now: clock.now, limit: 10 });
  coalescer.claim('a', 20_000, never);
  const delays: number[] = [];
  for (let second = 0; second < 60; second += 1) {
    clock.advance(1_000);
    const claimed = coalescer.claim('a', 20_000, (delayMs) => {
      delays.push(delayMs);
      return Promise.resolve(false);
    });
    if (claimed !== 'now') assert.equal(await claimed, false);
  }
  assert.ok(delays.length > 50 && delays.every((delayMs) => delayMs <= 20_000), delays.join(' '));
});

test('coalescer - a device that is woken all the time does not keep those that are quiet in memory', async () => {
  const clock = manualClock();
  const coalescer = createCoalescer({ now: clock.now, limit: 50 });
  for (let second = 0; second < 200; second += 1) {
    clock.advance(1_000);
    for (const [key, intervalMs] of [
      ['busy', 10_000],
      ['slow', 100_000],
      [`quiet-${second}`, 10_000],
    ] as const)
      await coalescer.claim(key, intervalMs, () => Promise.resolve(true));
  }
  assert.ok(coalescer.size <= 14, `${coalescer.size}`);
});

test('coalescer - beyond its limit it remembers nothing more and lets every push pass', () => {
  const coalescer = createCoalescer({ now: manualClock().now, limit: 2 });
  for (const key of ['a', 'b', 'c', 'c']) assert.equal(coalescer.claim(key, 1000, never), 'now');
  assert.equal(coalescer.size, 2);
});

test('coalescer - an interval of 0 lets every push pass', () => {
  const coalescer = createCoalescer({ now: manualClock().now, limit: 2 });
  for (let i = 0; i < 3; i += 1) assert.equal(coalescer.claim('a', 0, never), 'now');
});
