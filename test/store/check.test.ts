import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test, type TestContext } from 'node:test';
import { createSecret } from '../../src/core/secret.ts';
import { checkStore } from '../../src/store/check.ts';
import { inspectFile } from '../../src/store/sqlite/inspect.ts';
import { holdStore } from '../../src/store/sqlite/hold.ts';
import { systemClock } from '../../src/time/clock.ts';
import { missingPostgres, startPostgres } from '../support/postgres.ts';
import { openTestStore, postgresSettings } from '../support/store.ts';
import { quietTelemetry } from '../support/telemetry.ts';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-check-'));
  t.after(() => {
    chmodSync(folder, 0o700);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

const parts = { postgres: postgresSettings, clock: systemClock, random: () => 0.5 };
const check = async (path: string) => (await checkStore({ ...parts, store: { kind: 'sqlite', path } })).finding;

async function makeStore(path: string): Promise<void> {
  const store = await openTestStore({ store: { kind: 'sqlite', path }, clock: systemClock, ...quietTelemetry() });
  const device = { device: 'd', token: 'ab'.repeat(32), withSecret: false };
  await store.registry.register({ app: 'siskin', convention: 'tigase', account: 'romeo@example.net', ...device });
  await store.close();
}

test('store check - one that is not there yet is told, and not made', async (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'new', 'sealpost.db');
  const { status, message } = await check(path);
  assert.deepEqual([status, message], ['warn', `there is no store ${path} yet; the first start makes it`]);
  assert.deepEqual(readdirSync(folder), []);
});

test('store check - an idle one is opened and written, and stays as it was', async (t) => {
  const path = join(folderOf(t), 'sealpost.db');
  await makeStore(path);
  const before = new DatabaseSync(path, { readOnly: true });
  const { user_version: version } = before.prepare('PRAGMA user_version').get() ?? {};
  before.close();
  assert.deepEqual(await check(path), {
    status: 'pass',
    message: `the store ${path} was opened and written: 1 registration`,
  });
  const now = new DatabaseSync(path, { readOnly: true });
  t.after(() => now.close());
  assert.notEqual(now.prepare('PRAGMA user_version').get()?.['user_version'], version);
  assert.equal(now.prepare('SELECT count(*) AS count FROM registration').get()?.['count'], 1);
});

test('store check - what a running server uses is read alone, and the server keeps its lock', async (t) => {
  const path = join(folderOf(t), 'sealpost.db');
  await makeStore(path);
  const release = await holdStore(path, systemClock);
  t.after(release);
  const { mtimeMs } = statSync(path);
  const readOnly = new DatabaseSync(path, { readOnly: true });
  const version = () => readOnly.prepare('PRAGMA user_version').get()?.['user_version'];
  const before = version();
  assert.deepEqual(await check(path), {
    status: 'pass',
    message: `the store ${path} was read (a running server uses it): 1 registration`,
  });
  assert.deepEqual([version(), statSync(path).mtimeMs], [before, mtimeMs]);
  readOnly.close();
  assert.equal(inspectFile(path).kind, 'served');
});

test('store check - a file that is gone while a server uses it is no first start', async (t) => {
  const path = join(folderOf(t), 'sealpost.db');
  await makeStore(path);
  const release = await holdStore(path, systemClock);
  t.after(release);
  rmSync(path);
  const { finding, isServed } = await checkStore({ ...parts, store: { kind: 'sqlite', path } });
  assert.deepEqual(finding, {
    status: 'fail',
    message: `the store ${path} was deleted or moved away while a server uses it`,
    hint: 'Move it back, or put a backup in its place and restart the server.',
  });
  assert.equal(isServed, true, 'the server has its links, which are not tried');
});

test('store check - a server that starts meanwhile gets its lock', async (t) => {
  const path = join(folderOf(t), 'sealpost.db');
  await makeStore(path);
  (await holdStore(path, systemClock))();
  assert.equal(inspectFile(path).kind, 'idle');
  (await holdStore(path, systemClock))();
});

test('store check - what cannot be used is named with the way out, and left as it was', async (t) => {
  const folder = folderOf(t);
  const [damaged, foreign] = [join(folder, 'damaged.db'), join(folder, 'foreign.db')];
  writeFileSync(damaged, 'x'.repeat(5_000));
  const other = new DatabaseSync(foreign);
  other.exec('CREATE TABLE a (b); PRAGMA application_id = 7');
  other.close();
  for (const [path, message, hint] of [
    [damaged, /is damaged or no SQLite database/, /Put a backup in its place/],
    [foreign, /is the database of another program/, /Name another file/],
    [join(damaged, 'below', 'sealpost.db'), /cannot make the store/, /must be allowed to write there/],
  ] as const) {
    const found = await check(path);
    assert.equal(found.status, 'fail', path);
    assert.match(found.message, message);
    assert.match(found.hint ?? '', hint);
  }
  assert.equal(existsSync(`${damaged}-wal`), false);
});

test('store check - a lock that somebody else holds for long is a failure', async (t) => {
  const path = join(folderOf(t), 'sealpost.db');
  await makeStore(path);
  const other = new DatabaseSync(path);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const found = await check(path);
  assert.deepEqual([found.status, found.message], ['fail', `the store ${path} is locked by another process`]);
});

const skip = missingPostgres();

test('store check - PostgreSQL: empty, in use, not writable, and away', { skip }, async () => {
  const server = await startPostgres();
  after(() => server.remove());
  const url = await server.createDatabase();
  const database = new URL(url).pathname.slice(1);
  const ask = async (given: string) => {
    const store = { kind: 'postgres', url: createSecret(given) } as const;
    return (await checkStore({ ...parts, store })).finding;
  };
  const empty = await ask(url);
  assert.deepEqual([empty.status, /is empty or of an earlier version/.test(empty.message)], ['warn', true]);
  assert.deepEqual(await server.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", database), []);

  const store = await openTestStore({
    store: { kind: 'postgres', url: createSecret(url) },
    clock: systemClock,
    ...quietTelemetry(),
  });
  await store.close();
  assert.deepEqual(await ask(url), { status: 'pass', message: 'the PostgreSQL store can be written: 0 registrations' });

  await server.query('CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader', database);
  const reader = await ask(url.replace('sealpost@', 'reader@'));
  assert.deepEqual([reader.status, reader.message], ['fail', 'the tables in PostgreSQL may not be written']);

  await server.stop();
  const away = await ask(url);
  assert.deepEqual([away.status, away.message], ['fail', 'cannot use the PostgreSQL store (refused)']);
  assert.match(away.hint ?? '', /Is PostgreSQL running/);
});
