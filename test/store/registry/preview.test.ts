import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { ForeignRegistration } from '../../../src/store/registry/contract.ts';
import { openRegistry } from '../../support/store.ts';
import { nodeNames } from '../../support/nodes.ts';
import { openSqlitePreview } from '../../../src/store/preview.ts';
import { StoreError } from '../../../src/store/engine/store-error.ts';
import { manualClock } from '../../support/clock.ts';
import { quietTelemetry } from '../../support/telemetry.ts';

const foreign: ForeignRegistration = {
  node: 'eKxTS5n3bOe0',
  app: 'android',
  convention: 'p2',
  account: 'example.net',
  device: 'one',
  token: 'fcmInst:APA91b',
  secret: 's3cret',
  registeredAtMs: 0,
};

function newPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-preview-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'sealpost.db');
}

test('preview - of a store that is not there, everything would be taken, and none is made', async (t) => {
  const path = newPath(t);
  const preview = await openSqlitePreview(path);
  assert.deepEqual(await preview.importRegistrations([foreign]), ['taken']);
  await preview.close();
  assert.equal(existsSync(path), false);
});

test('preview - says what would become of each, and changes nothing', async (t) => {
  const path = newPath(t);
  const clock = manualClock();
  const registry = await openRegistry({
    store: { kind: 'sqlite', path },
    clock,
    nodes: nodeNames(),
    ...quietTelemetry(),
  });
  await registry.importRegistrations([foreign]);
  const preview = await openSqlitePreview(path);
  const batch = [
    foreign,
    { ...foreign, secret: 'another' },
    { ...foreign, node: 'new' },
    { ...foreign, node: 'new', device: 'two' },
  ];
  assert.deepEqual(await preview.importRegistrations(batch), ['present', 'node-taken', 'device-known', 'taken']);
  await preview.close();
  assert.deepEqual(await registry.count(), new Map([['android', 1]]));
  await registry.close();
});

test('preview - what is no store is refused and left as it is', async (t) => {
  const path = newPath(t);
  writeFileSync(path, 'not a database');
  await assert.rejects(openSqlitePreview(path), StoreError);
  assert.equal(readFileSync(path, 'utf8'), 'not a database');
});

test('preview - the store of an earlier version is not touched, and the hint says how to go on', async (t) => {
  const path = newPath(t);
  const database = new DatabaseSync(path);
  database.exec(
    "CREATE TABLE kysely_migration (name TEXT); INSERT INTO kysely_migration VALUES ('0001-registrations')",
  );
  database.close();
  await assert.rejects(
    openSqlitePreview(path),
    (error) => error instanceof StoreError && /earlier Sealpost\n {4}Start this/.test(error.message),
  );
});
