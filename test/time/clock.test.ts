import assert from 'node:assert/strict';
import { test } from 'node:test';
import { neverBack } from '../../src/time/clock.ts';
import { manualClock } from '../support/clock.ts';

test('clock - if the clock is set back, wall time continues at its own pace; if it is set forward, wall time follows', () => {
  const clock = manualClock();
  const steady = neverBack(clock);
  const startMs = steady.now();
  assert.equal(startMs, clock.now());
  clock.advance(1_000);
  clock.step(-600_000);
  assert.equal(steady.now(), startMs + 1_000);
  clock.advance(500);
  assert.equal(steady.now(), startMs + 1_500);
  clock.step(600_000 + 86_400_000);
  assert.equal(steady.now(), startMs + 1_500 + 86_400_000);
});
