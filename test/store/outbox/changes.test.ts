import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kysely } from 'kysely';
import { createChanges } from '../../../src/store/outbox/changes.ts';
import { createCounters } from '../../../src/store/outbox/counters.ts';
import { outboxLimits, outboxTiming } from '../../../src/store/outbox/limits.ts';
import type { Tables } from '../../../src/store/schema/tables.ts';
import { openSqlite } from '../../../src/store/sqlite/open.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { manualClock } from '../../support/clock.ts';
import { recordedLog } from '../../support/telemetry.ts';
import { join } from 'node:path';
import { folderFor } from './support.ts';

async function open(
  context: Parameters<typeof folderFor>[0],
  over: (db: Kysely<Tables>) => Kysely<Tables> = (db) => db,
) {
  const clock = manualClock();
  const file = { path: join(folderFor(context), 'sealpost.db') };
  const database = await openSqlite({ file, clock, log: recordedLog().log, metrics: createMetrics('test') });
  context.after(() => database.close());
  const counters = createCounters(outboxLimits);
  const written: string[] = [];
  const options = { db: over(database.db), rowsPerStatement: 1, clock, timing: outboxTiming, counters };
  return { changes: createChanges(options, (id) => written.push(id)), written };
}

test('outbox changes - what is complete stays so, whatever is said of it later', async (context) => {
  const { changes, written } = await open(context);
  changes.complete('a');
  changes.reschedule('a', 1, 2);
  await changes.flush();
  assert.deepEqual(written, ['a']);
  assert.equal(changes.has('a'), false);
});

test('outbox changes - a flush ends although changes come without end, and those are written too', async (context) => {
  const { changes, written } = await open(context);
  let n = 0;
  let isOver = false;
  const more = () => {
    if (isOver) return;
    changes.complete(`more-${(n += 1)}`);
    setImmediate(more);
  };
  more();
  changes.complete('first');
  await changes.flush();
  assert.ok(written.includes('first'));
  isOver = true;
  await changes.flush();
  await changes.flush();
  assert.equal(written.includes(`more-${n}`), true);
});
