import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Coalescible, createCoalescer } from '../../src/delivery/coalesce.ts';
import { manualClock } from '../support/clock.ts';

const never: Coalescible = {
  replaces: false,
  hold() {
    throw new Error('stored although it was to go at once');
  },
};

/** A push without content. */
function wakeUp(store: (delayMs: number) => Promise<boolean>): Coalescible {
  return { replaces: false, hold: (delayMs) => ({ stored: store(delayMs), withdraw: () => assert.fail('withdrawn') }) };
}

test('coalescer - the first goes at once, one is stored for all that follow until the interval ends', async () => {
  const clock = manualClock();
  const coalescer = createCoalescer({ now: clock.now, limit: 10 });
  const delays: number[] = [];
  const store = (delayMs: number) => Promise.resolve(delays.push(delayMs) > 0);
  assert.equal(coalescer.claim('a', 1000, never), 'now');
  clock.advance(300);
  assert.equal(await coalescer.claim('a', 1000, wakeUp(store)), true);
  assert.equal(await coalescer.claim('a', 1000, wakeUp(store)), true);
  assert.deepEqual(delays, [700]);
});

test('coalescer - a push sent late opens an interval of its own', async () => {
  const clock = manualClock();
  const coalescer = createCoalescer({ now: clock.now, limit: 10 });
  const delays: number[] = [];
  const store = (delayMs: number) => Promise.resolve(delays.push(delayMs) > 0);
  coalescer.claim('a', 1000, never);
  await coalescer.claim('a', 1000, wakeUp(store));
  clock.advance(1200);
  await coalescer.claim('a', 1000, wakeUp(store));
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
  const second = coalescer.claim(
    'a',
    1000,
    wakeUp(() => outcome.promise),
  );
  const third = coalescer.claim('a', 1000, never);
  outcome.resolve(false);
  assert.deepEqual([await second, await third], [false, false]);
  assert.equal(
    await coalescer.claim(
      'a',
      1000,
      wakeUp(() => Promise.resolve(true)),
    ),
    true,
  );
});

test('coalescer - after failed attempts the stored push is still due when its interval ends', async () => {
  const clock = manualClock();
  const coalescer = createCoalescer({ now: clock.now, limit: 10 });
  coalescer.claim('a', 20_000, never);
  const delays: number[] = [];
  for (let second = 0; second < 60; second += 1) {
    clock.advance(1_000);
    const claimed = coalescer.claim(
      'a',
      20_000,
      wakeUp((delayMs) => {
        delays.push(delayMs);
        return Promise.resolve(false);
      }),
    );
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
      await coalescer.claim(
        key,
        intervalMs,
        wakeUp(() => Promise.resolve(true)),
      );
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

/** Pushes with content, and what the store was asked to do with each, in order. */
function carriers() {
  const done: string[] = [];
  const carrier = (name: string, stored: Promise<boolean> = Promise.resolve(true)): Coalescible => ({
    replaces: true,
    hold(delayMs) {
      done.push(`store ${name} for ${delayMs}`);
      return { stored, withdraw: () => done.push(`withdraw ${name}`) };
    },
  });
  return { done, carrier };
}

test('coalescer - of pushes with content the newest is held: it is stored first, then the one before is withdrawn', async () => {
  const clock = manualClock();
  const coalescer = createCoalescer({ now: clock.now, limit: 10 });
  const { done, carrier } = carriers();
  assert.equal(coalescer.claim('a', 1000, carrier('first')), 'now');
  for (const name of ['second', 'third', 'fourth']) {
    clock.advance(100);
    assert.equal(await coalescer.claim('a', 1000, carrier(name)), true);
    await Promise.resolve();
  }
  assert.deepEqual(done, [
    'store second for 900',
    'store third for 800',
    'withdraw second',
    'store fourth for 700',
    'withdraw third',
  ]);
  clock.advance(1700);
  assert.equal(coalescer.claim('a', 1000, carrier('fifth')), 'now');
});

test('coalescer - a push without content replaces none, and one with content replaces it', async () => {
  const coalescer = createCoalescer({ now: manualClock().now, limit: 10 });
  const { done, carrier } = carriers();
  coalescer.claim('a', 1000, never);
  await coalescer.claim('a', 1000, { ...carrier('empty'), replaces: false });
  await coalescer.claim('a', 1000, carrier('full'));
  assert.equal(await coalescer.claim('a', 1000, never), true);
  assert.deepEqual(done, ['store empty for 1000', 'store full for 1000', 'withdraw empty']);
});

test('coalescer - what cannot be stored replaces nothing: the one before stands until another is stored', async () => {
  const coalescer = createCoalescer({ now: manualClock().now, limit: 10 });
  const { done, carrier } = carriers();
  coalescer.claim('a', 1000, carrier('first'));
  await coalescer.claim('a', 1000, carrier('second'));
  assert.equal(await coalescer.claim('a', 1000, carrier('third', Promise.resolve(false))), false);
  assert.equal(await coalescer.claim('a', 1000, never), true);
  await coalescer.claim('a', 1000, carrier('fourth'));
  await Promise.resolve();
  assert.deepEqual(done, ['store second for 1000', 'store third for 1000', 'store fourth for 1000', 'withdraw second']);
});
