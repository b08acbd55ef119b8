import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Underway } from '../../src/core/underway.ts';

test('under way - who waits hears of it when the last one has ended, every time', async () => {
  const underway = new Underway();
  await underway.whenIdle();
  for (let round = 1; round <= 2; round += 1) {
    underway.begin();
    underway.begin();
    assert.equal(underway.count, 2);
    let idle = 0;
    const waiting = [underway.whenIdle(), underway.whenIdle()].map((each) => each.then(() => (idle += 1)));
    underway.end();
    await setImmediate();
    assert.deepEqual([underway.count, idle], [1, 0]);
    underway.end();
    await Promise.all(waiting);
    assert.deepEqual([underway.count, idle], [0, 2]);
  }
});
