import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { holdStore } from '../../../src/store/sqlite/hold.ts';
import { eventually } from '../../support/process.ts';
import { manualClock } from '../../support/clock.ts';

test('store hold - a second server waits for the first, gets the store when that ends, and is refused after a time', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-hold-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'data', 'sealpost.db');
  const clock = manualClock();
  const release = await holdStore(path, clock);
  assert.equal((statSync(`${path}-server`).mode & 0o777).toString(8), '600');

  const waiting = holdStore(path, clock);
  await eventually('it waits', () => (clock.waiting > 0 ? true : undefined));
  release();
  clock.advance(250);
  const next = await waiting;

  const refused = assert.rejects(holdStore(path, clock), {
    name: 'StoreError',
    message: /^another Sealpost serves from the store .*\n {4}End the other one/,
  });
  for (let passed = 0; passed <= 15_000; passed += 250) {
    await new Promise(setImmediate);
    clock.advance(250);
  }
  await refused;
  next();
});
