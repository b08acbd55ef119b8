import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPace } from './pace.ts';

test('pace - tells how long after a fault as many are answered as before, the slowest of each kind', () => {
  let now = 0;
  const pace = createPace(100, () => now);
  const answer = (forMs: number, perSecond: number, word = 'result') => {
    for (const endsAt = now + forMs; now < endsAt; now += 1_000 / perSecond) pace.note(word);
  };
  answer(2_000, 100);
  answer(3_000, 100, 'disconnected');
  pace.faultEnded('killed');
  answer(1_500, 20);
  answer(2_000, 100);
  pace.faultEnded('killed');
  pace.faultEnded('cut off');
  answer(2_000, 100);
  pace.faultEnded('suspended');
  answer(2_000, 50);
  assert.deepEqual(
    [...pace.recoveries()],
    [
      ['killed', 1_400],
      ['cut off', 0],
      ['suspended', Infinity],
    ],
  );
});
