import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { manualClock } from '../../support/clock.ts';
import { openTestStore } from '../../support/store.ts';
import { quietTelemetry } from '../../support/telemetry.ts';
import { testLateAnswers } from './contract-table.ts';

testLateAnswers({
  name: 'sqlite',
  prepare(t) {
    const folder = mkdtempSync(join(tmpdir(), 'sealpost-late-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    return Promise.resolve({ kind: 'sqlite', path: join(folder, 'sealpost.db') });
  },
});

test('late answers - a store that no other process uses has no place for them', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-late-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { log } = quietTelemetry();
  const location = { kind: 'sqlite', path: join(folder, 'sealpost.db') } as const;
  const store = await openTestStore({ store: location, clock: manualClock(), log });
  assert.equal(store.lateAnswers, undefined);
  await store.close();
});
