import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConcurrencyLimit } from '../../src/sending/concurrency-limit.ts';
import { manualClock, soon } from '../support/clock.ts';

test('concurrency limit - with two places the third push waits until one leaves', async () => {
  const concurrencyLimit = createConcurrencyLimit({ width: 2, queueLimit: 5, clock: manualClock() });
  assert.equal(await concurrencyLimit.enter(1000), true);
  assert.equal(await concurrencyLimit.enter(1000), true);
  const third = concurrencyLimit.enter(1000);
  assert.deepEqual([concurrencyLimit.inside, concurrencyLimit.waiting], [2, 1]);
  concurrencyLimit.leave();
  assert.equal(await third, true);
  assert.deepEqual([concurrencyLimit.inside, concurrencyLimit.waiting], [2, 0]);
  concurrencyLimit.leave();
  concurrencyLimit.leave();
  assert.equal(concurrencyLimit.inside, 0);
});

test('concurrency limit - a push that runs out of patience is told so and leaves the queue', async () => {
  const clock = manualClock();
  const concurrencyLimit = createConcurrencyLimit({ width: 1, queueLimit: 5, clock });
  await concurrencyLimit.enter(1000);
  const impatient = Promise.resolve(concurrencyLimit.enter(1000));
  const patient = Promise.resolve(concurrencyLimit.enter(5000));
  clock.advance(1000);
  assert.equal(await soon('the end of patience', impatient), false);
  concurrencyLimit.leave();
  assert.equal(await soon('a place', patient), true);
  assert.equal(clock.waiting, 0);
});

test('concurrency limit - a push without patience gets in or not, and does not wait', async () => {
  const concurrencyLimit = createConcurrencyLimit({ width: 1, queueLimit: 5, clock: manualClock() });
  assert.equal(await concurrencyLimit.enter(0), true);
  const refused = [concurrencyLimit.enter(0), concurrencyLimit.enter(-1), concurrencyLimit.enter(0, true)];
  assert.equal(concurrencyLimit.waiting, 0);
  assert.deepEqual(refused, [false, false, false]);
});

test('concurrency limit - no push waits beyond the queue limit', async () => {
  const concurrencyLimit = createConcurrencyLimit({ width: 1, queueLimit: 2, clock: manualClock() });
  await concurrencyLimit.enter(1000);
  void concurrencyLimit.enter(1000);
  void concurrencyLimit.enter(1000);
  assert.equal(await soon('no place', Promise.resolve(concurrencyLimit.enter(1000))), false);
  assert.equal(concurrencyLimit.waiting, 2);
});

test('concurrency limit - urgent pushes precede all others and have a queue of their own', async () => {
  const concurrencyLimit = createConcurrencyLimit({ width: 1, queueLimit: 1, clock: manualClock() });
  await concurrencyLimit.enter(1000);
  const came: string[] = [];
  void Promise.resolve(concurrencyLimit.enter(1000)).then(() => came.push('ordinary'));
  void Promise.resolve(concurrencyLimit.enter(1000, true)).then(() => came.push('urgent'));
  assert.equal(concurrencyLimit.waiting, 2);
  assert.equal(await concurrencyLimit.enter(1000, true), false);
  concurrencyLimit.leave();
  concurrencyLimit.leave();
  await new Promise(setImmediate);
  assert.deepEqual(came, ['urgent', 'ordinary']);
});
