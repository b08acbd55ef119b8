import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSchedule } from '../../../src/harness/stand-ins/schedule.ts';
import { manualClock } from '../../support/clock.ts';

const busy = { status: 429 };
const dead = { status: 410 };

test('stand-in schedule - spells follow each other by the minute, then all is well', () => {
  const clock = manualClock();
  const schedule = createSchedule(
    [
      { minutes: 1, mix: [{ share: 1, script: busy }] },
      { minutes: 2 },
      { minutes: 0.5, mix: [{ share: 1, script: dead }] },
    ],
    clock,
  );
  const seen = Array.from({ length: 10 }, () => {
    const script = schedule.next();
    clock.advance(30_000);
    return script?.status;
  });
  assert.deepEqual(seen, [429, 429, undefined, undefined, undefined, undefined, 410, undefined, undefined, undefined]);
});

test('stand-in schedule - each script befalls its share, and none comes in runs', () => {
  const schedule = createSchedule(
    [
      {
        minutes: 1,
        mix: [
          { share: 0.2, script: busy },
          { share: 0.1, script: dead },
        ],
      },
    ],
    manualClock(),
  );
  const seen = Array.from({ length: 1000 }, () => schedule.next()?.status);
  const countOf = (status?: number) => seen.filter((one) => one === status).length;
  assert.deepEqual([countOf(429), countOf(410), countOf()], [200, 100, 700]);
  assert.equal(
    seen.some((status, i) => status === 429 && seen[i + 1] === 429 && seen[i + 2] === 429),
    false,
  );
});

test('stand-in schedule - shares beyond the whole are refused', () => {
  const mix = [
    { share: 0.7, script: busy },
    { share: 0.4, script: dead },
  ];
  assert.throws(() => createSchedule([{ minutes: 1, mix }], manualClock()), /more than 1/);
});
