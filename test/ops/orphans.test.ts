import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOrphans } from '../../src/ops/orphans.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { manualClock } from '../support/clock.ts';
import { recordedLog } from '../support/telemetry.ts';

const day = 86_400_000;

function start(counts: () => Promise<ReadonlyMap<string, number>>) {
  const clock = manualClock();
  const metrics = createMetrics('test');
  const { log, lines } = recordedLog();
  const orphans = createOrphans({ registry: { count: counts }, apps: new Set(['siskin']), clock, log, metrics });
  return { clock, metrics, lines, orphans };
}

const settled = () => new Promise(setImmediate);

test('orphans - registrations of an app that left the config are counted at the start and logged with what to do', async () => {
  const { orphans, metrics, lines } = start(() =>
    Promise.resolve(
      new Map([
        ['siskin', 7],
        ['old', 3],
      ]),
    ),
  );
  orphans.start();
  await settled();
  assert.deepEqual([...orphans.counts], [['old', 3]]);
  const [value] = (await metrics.orphanedRegistrations.get()).values;
  assert.equal(value?.value, 3);
  const warned = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    warned.map(({ app, count, msg }) => [app, count, msg]),
    [['old', 3, 'registrations of an app that is not in the config']],
  );
  await orphans.stop();
});

test('orphans - a failed count is repeated the next day, and not after stop', async () => {
  let calls = 0;
  const { orphans, clock } = start(() => {
    calls += 1;
    return calls === 1 ? Promise.reject(new Error('no store')) : Promise.resolve(new Map([['old', 1]]));
  });
  orphans.start();
  await settled();
  assert.equal(orphans.counts.size, 0);
  clock.advance(day);
  await settled();
  assert.deepEqual([...orphans.counts], [['old', 1]]);
  await orphans.stop();
  clock.advance(day);
  await settled();
  assert.equal(calls, 2);
});

test('orphans - when the apps of the config change, registrations are counted anew, and once a day from then on', async () => {
  let calls = 0;
  const { orphans, clock } = start(() => {
    calls += 1;
    return Promise.resolve(new Map([['siskin', 7]]));
  });
  orphans.start();
  await settled();
  assert.deepEqual([...orphans.counts], []);
  orphans.setApps(new Set(['other']));
  await settled();
  assert.deepEqual([calls, ...orphans.counts], [2, ['siskin', 7]]);
  orphans.setApps(new Set(['siskin']));
  await settled();
  assert.deepEqual([calls, ...orphans.counts], [3]);
  clock.advance(day);
  await settled();
  assert.equal(calls, 4);
  await orphans.stop();
  orphans.setApps(new Set());
  await settled();
  clock.advance(day);
  assert.equal(calls, 4);
});
