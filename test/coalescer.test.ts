import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCoalescer } from '../src/coalescer.ts';
import { manualClock } from './support/clock.ts';

test('coalescer - the first goes at once, of those that follow the newest goes when the interval ends', () => {
  const clock = manualClock();
  const coalescer = createCoalescer({ clock, limit: 10 });
  const sent: string[] = [];
  assert.equal(
    coalescer.claim('a', 1000, () => sent.push('1')),
    true,
  );
  assert.equal(
    coalescer.claim('a', 1000, () => sent.push('2')),
    false,
  );
  assert.equal(
    coalescer.claim('a', 1000, () => sent.push('3')),
    false,
  );
  clock.advance(999);
  assert.deepEqual(sent, []);
  clock.advance(1);
  assert.deepEqual(sent, ['3']);
});

test('coalescer - what was sent late opens an interval of its own', () => {
  const clock = manualClock();
  const coalescer = createCoalescer({ clock, limit: 10 });
  coalescer.claim('a', 1000, () => {});
  coalescer.claim('a', 1000, () => {});
  clock.advance(1000);
  assert.equal(
    coalescer.claim('a', 1000, () => {}),
    false,
  );
});

test('coalescer - an interval without a follower is forgotten', () => {
  const clock = manualClock();
  const coalescer = createCoalescer({ clock, limit: 10 });
  coalescer.claim('a', 1000, () => {});
  clock.advance(1000);
  assert.equal(coalescer.size, 0);
  assert.equal(
    coalescer.claim('a', 1000, () => {}),
    true,
  );
});

test('coalescer - beyond its limit it remembers nothing and lets everyone go', () => {
  const coalescer = createCoalescer({ clock: manualClock(), limit: 2 });
  for (const key of ['a', 'b', 'c', 'c'])
    assert.equal(
      coalescer.claim(key, 1000, () => {}),
      true,
    );
  assert.equal(coalescer.size, 2);
});

test('coalescer - flush sends what waits and leaves no timer', () => {
  const clock = manualClock();
  const coalescer = createCoalescer({ clock, limit: 10 });
  const sent: string[] = [];
  coalescer.claim('a', 1000, () => {});
  coalescer.claim('a', 1000, () => sent.push('late'));
  coalescer.flush();
  assert.deepEqual(sent, ['late']);
  assert.equal(clock.waiting, 0);
});
