import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBulkhead } from '../../src/sending/concurrency-limit.ts';
import { manualClock } from '../support/clock.ts';

test('bulkhead - the third of two waits until one leaves', async () => {
  const bulkhead = createBulkhead({ width: 2, queueLimit: 5, clock: manualClock() });
  assert.equal(await bulkhead.enter(1000), true);
  assert.equal(await bulkhead.enter(1000), true);
  const third = bulkhead.enter(1000);
  assert.deepEqual([bulkhead.inside, bulkhead.waiting], [2, 1]);
  bulkhead.leave();
  assert.equal(await third, true);
  assert.deepEqual([bulkhead.inside, bulkhead.waiting], [2, 0]);
  bulkhead.leave();
  bulkhead.leave();
  assert.equal(bulkhead.inside, 0);
});

test('bulkhead - who waits longer than its patience is told so and leaves its place', async () => {
  const clock = manualClock();
  const bulkhead = createBulkhead({ width: 1, queueLimit: 5, clock });
  await bulkhead.enter(1000);
  const impatient = bulkhead.enter(1000);
  const patient = bulkhead.enter(5000);
  clock.advance(1000);
  assert.equal(await impatient, false);
  bulkhead.leave();
  assert.equal(await patient, true);
  assert.equal(clock.waiting, 0);
});

test('bulkhead - nobody waits beyond the queue limit', async () => {
  const bulkhead = createBulkhead({ width: 1, queueLimit: 2, clock: manualClock() });
  await bulkhead.enter(1000);
  void bulkhead.enter(1000);
  void bulkhead.enter(1000);
  assert.equal(await bulkhead.enter(1000), false);
  assert.equal(bulkhead.waiting, 2);
});

test('bulkhead - who is urgent goes before all that are not, and has a queue of its own', async () => {
  const bulkhead = createBulkhead({ width: 1, queueLimit: 1, clock: manualClock() });
  await bulkhead.enter(1000);
  const came: string[] = [];
  void bulkhead.enter(1000).then(() => came.push('ordinary'));
  void bulkhead.enter(1000, true).then(() => came.push('urgent'));
  assert.equal(bulkhead.waiting, 2);
  assert.equal(await bulkhead.enter(1000, true), false);
  bulkhead.leave();
  bulkhead.leave();
  await new Promise(setImmediate);
  assert.deepEqual(came, ['urgent', 'ordinary']);
});
