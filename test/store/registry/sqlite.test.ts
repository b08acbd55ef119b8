import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { Kysely, sql } from 'kysely';
import type { RegistrationRequest } from '../../../src/core/registration.ts';
import { undoShortKeys } from './undo-short-keys.ts';
import { openRegistry } from '../../support/store.ts';
import { nodeNames } from '../../support/nodes.ts';
import { createSqliteDialect } from '../../../src/store/sqlite/dialect.ts';
import { connect, prepareToWrite } from '../../../src/store/sqlite/connection.ts';
import { prepareFile } from '../../../src/store/sqlite/prepare.ts';
import { manualClock } from '../../support/clock.ts';
import { quietTelemetry, recordedLog } from '../../support/telemetry.ts';

function pathOf(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'sealpost-sqlite-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return join(dir, 'sealpost.db');
}

const phone = { app: 'siskin', convention: 'tigase', account: 'romeo@example.net', withSecret: false };
const hundred = Array.from({ length: 100 }, (_, i) => `device-${i}`);

/** A store with registrations of these devices, by default enough to fill several pages; closed. */
async function fill(path: string, devices: readonly string[] = hundred): Promise<void> {
  const registry = await open(path);
  for (const device of devices) await registry.register({ ...phone, device, token: device });
  await registry.close();
}

const open = (path: string, telemetry = quietTelemetry()) =>
  openRegistry({ store: { kind: 'sqlite', path }, clock: manualClock(), nodes: nodeNames(), ...telemetry });

test('sqlite - a registration that was answered survives kill -9', async (t) => {
  const path = pathOf(t);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'register-and-wait.ts'), path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [node] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGKILL');
  await once(child, 'exit');
  const registry = await open(path);
  assert.equal((await registry.find(node.toString()))?.token, 'AB12');
  await registry.close();
});

test('sqlite - every commit reaches the disk before it is answered', async (t) => {
  const path = pathOf(t);
  const { database } = connect({ path });
  prepareToWrite(database, { path });
  assert.equal(database.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'wal');
  assert.equal(database.prepare('PRAGMA synchronous').get()?.['synchronous'], 2);
  database.close();
});

test('sqlite - only the owner may read the store and its side files', async (t) => {
  const path = join(pathOf(t), 'deeper', 'sealpost.db');
  const registry = await open(path);
  for (const file of [path, `${path}-wal`, `${path}-shm`]) assert.equal(statSync(file).mode & 0o777, 0o600, file);
  await registry.close();
});

test('sqlite - a new store is announced, an old one is not', async (t) => {
  const path = pathOf(t);
  for (const expected of [1, 0]) {
    const { log, lines } = recordedLog();
    await (await open(path, { ...quietTelemetry(), log })).close();
    assert.equal(lines.filter((line) => line.includes('made a new, empty store')).length, expected);
  }
});

const damages: readonly [string, (path: string) => void, RegExp][] = [
  [
    'text',
    (path) => writeFileSync(path, 'not a database, but long enough to be looked at as one\n'.repeat(20)),
    /is damaged or no SQLite database/,
  ],
  ['a file cut short', (path) => truncateSync(path, 8_192), /is damaged or no SQLite database/],
  [
    'a file with a hole in the middle',
    (path) => {
      const content = readFileSync(path);
      writeFileSync(path, content.fill(0xff, 3 * 4_096, 6 * 4_096));
    },
    /is damaged or no SQLite database/,
  ],
  [
    'the database of another program',
    (path) => {
      rmSync(path);
      const other = new DatabaseSync(path);
      other.exec('CREATE TABLE prosody (host TEXT)');
      other.close();
    },
    /is the database of another program/,
  ],
  [
    'a store of a newer version',
    (path) => {
      const newer = new DatabaseSync(path);
      newer.exec("INSERT INTO kysely_migration VALUES ('9999-from-the-future', '2030-01-01T00:00:00Z')");
      newer.close();
    },
    /was written by a newer Sealpost \(it has 9999-from-the-future\)/,
  ],
];

for (const [what, damage, message] of damages) {
  test(`sqlite - ${what} is refused and left as it is`, async (t) => {
    const path = pathOf(t);
    await fill(path);
    damage(path);
    const before = readFileSync(path);
    await assert.rejects(open(path), (error: Error & { hint?: string }) => {
      assert.match(error.message, message);
      assert.ok(error.message.includes(path) && error.hint);
      return error.name === 'StoreError';
    });
    assert.ok(before.equals(readFileSync(path)));
  });
}

test('sqlite - a path that cannot be had is refused with the reason', async (t) => {
  const path = pathOf(t);
  writeFileSync(path, '');
  await assert.rejects(open(join(path, 'below-a-file.db')), {
    name: 'StoreError',
    message: /^cannot open the store .*below-a-file\.db \((ENOTDIR|EEXIST)\)\n/,
  });
  await assert.rejects(open(tmpdir()), { name: 'StoreError', message: /\(EISDIR\)\n/ });
});

test('sqlite - a store that another process has locked is refused after a while', async (t) => {
  const path = pathOf(t);
  const other = new DatabaseSync(path);
  other.exec('BEGIN EXCLUSIVE');
  await assert.rejects(prepareFile({ path, busyTimeoutMs: 1 }), {
    name: 'StoreError',
    message: `the store ${path} is locked by another process\n    Is another Sealpost or a backup of the file running?`,
  });
  other.close();
});

test('sqlite - a migration that fails leaves nothing behind', async () => {
  const db = new Kysely<unknown>({ dialect: createSqliteDialect(new DatabaseSync(':memory:')) });
  const { Migrator } = await import('kysely/migration');
  const failing = {
    async up(step: Kysely<unknown>) {
      await sql`CREATE TABLE half (done TEXT)`.execute(step);
      throw new Error('interrupted');
    },
  };
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve({ failing }) } });
  assert.ok((await migrator.migrateToLatest()).error);
  const { rows } = await sql<{ name: string }>`SELECT name FROM sqlite_schema WHERE name = 'half'`.execute(db);
  assert.deepEqual(rows, []);
  await db.destroy();
});

/** As versions before the migration 0007 left it. */
function undoSealedNodes(database: DatabaseSync): void {
  undoShortKeys(database);
  database.exec(
    `DELETE FROM kysely_migration WHERE name >= '0007'; DROP TABLE unsealed_nodes; DROP TABLE queued_push; DROP INDEX registration_by_removal;
    CREATE TABLE removed_node (node TEXT NOT NULL PRIMARY KEY, reason TEXT NOT NULL, removed_at_ms INTEGER NOT NULL) STRICT;
    ALTER TABLE registration DROP COLUMN removed_at_ms; ALTER TABLE registration DROP COLUMN removal_reason;
    ALTER TABLE registration DROP COLUMN accepted_at_ms;
    ALTER TABLE registration DROP COLUMN times_registered; ALTER TABLE registration DROP COLUMN is_restored`,
  );
}

/** As versions before the migration 0005 left it: keys in the small letters of all of Unicode. */
function foldKeysAsBefore(path: string): void {
  const database = new DatabaseSync(path);
  database.exec("DELETE FROM kysely_migration WHERE name >= '0005'");
  undoSealedNodes(database);
  const update = database.prepare(
    'UPDATE registration SET account_key = ?, device_key = ?, token_key = ? WHERE node = ?',
  );
  for (const { node, account, device, token } of database.prepare('SELECT * FROM registration').all()) {
    const keys = [account, device, token].map((value) => String(value).toLowerCase());
    update.run(...keys, String(node));
  }
  database.close();
}

test('sqlite - what was stored under keys of all of Unicode is found and renewed, not doubled', async (t) => {
  const path = pathOf(t);
  const before = await open(path);
  const requests = ['\u00c4rger@example.net', '\u212aate@\u00c4.example', 'ROMEO@example.net'].map((account) => ({
    app: 'android',
    convention: 'p2' as const,
    account,
    device: `D\u00c9VICE-${account}`,
    token: 'fcmInst:APA91b',
    withSecret: true,
  }));
  const stored = [];
  for (const request of requests) stored.push(await before.register(request));
  await before.close();
  foldKeysAsBefore(path);

  const registry = await open(path);
  for (const [i, request] of requests.entries()) {
    const { node, secret } = await registry.register(request);
    assert.deepEqual([node, secret], [stored[i]?.node, stored[i]?.secret], request.account);
    const found = await registry.list({ app: 'android', account: request.account }, 10);
    assert.deepEqual(
      found.map((one) => one.node),
      [node],
    );
  }
  assert.equal((await registry.count()).get('android'), requests.length);
  for (const { account, token } of requests) assert.equal(await registry.unregister({ account, token }), 1, account);
  await registry.close();
});

test('sqlite - a store of before sealed nodes says which nodes servers may still name, and keeps them', async (t) => {
  const cases = [
    { nodes: [], expected: [] },
    { nodes: ['Tq3vK0aWm_Xh2ZsY-b7RfLd9cUeJpG4N'], expected: ['random'] },
    { nodes: ['Tq3vK0aWm_Xh2ZsY-b7RfLd9cUeJpG4N', 'eKxTS5n3bOe0'], expected: ['imported', 'random'] },
  ];
  for (const { nodes, expected } of cases) {
    const path = pathOf(t);
    await fill(path, nodes);
    const before = new DatabaseSync(path);
    undoSealedNodes(before);
    // The nodes that random bytes and imports made.
    for (const node of nodes) before.prepare('UPDATE registration SET node = ? WHERE device = ?').run(node, node);
    before.close();

    const noted: string[] = [];
    for (let start = 0; start < 2; start += 1) {
      const names = { ...nodeNames(), noteUnsealed: (kinds: ReadonlySet<string>) => void noted.push(...kinds) };
      const store = { kind: 'sqlite', path } as const;
      const registry = await openRegistry({ store, clock: manualClock(), nodes: names, ...quietTelemetry() });
      assert.deepEqual([...(await registry.unsealedNodes())].toSorted(), expected);
      for (const node of nodes) {
        const again = await registry.register({ ...phone, device: node, token: node });
        assert.equal(again.node, node);
      }
      await registry.close();
    }
    // At each start, so that a key that could not be written is in the end.
    assert.deepEqual(noted.toSorted(), [...expected, ...expected].toSorted());
  }
});

test('sqlite - tombstones of before are removed registrations now', async (t) => {
  const path = pathOf(t);
  await fill(path, ['here']);
  const before = new DatabaseSync(path);
  undoSealedNodes(before);
  const [{ node: known } = { node: '' }] = before.prepare('SELECT node FROM registration').all();
  const bury = before.prepare("INSERT INTO removed_node VALUES (?, 'gone', ?)");
  for (const node of ['eKxTS5n3bOe0', 'EKxTS5n3bOe0', String(known)]) bury.run(node, manualClock().now());
  before.close();

  const registry = await open(path);
  for (const node of ['eKxTS5n3bOe0', 'EKxTS5n3bOe0']) {
    assert.equal(await registry.find(node), undefined);
    assert.equal(await registry.wasRemoved(node), true);
  }
  // A tombstone of a registration that is there was harmless, and is none now.
  assert.ok(await registry.find(String(known)));
  assert.deepEqual(await registry.count(), new Map([['siskin', 1]]));
  await registry.close();
});

test('sqlite - more different queries than are kept prepared go on working', async () => {
  const db = new Kysely<unknown>({ dialect: createSqliteDialect(new DatabaseSync(':memory:')) });
  for (let i = 0; i < 600; i++) {
    const { rows } = await sql<{ n: number }>`SELECT ${sql.raw(String(i))} AS n`.execute(db);
    assert.equal(rows[0]?.n, i);
  }
  await db.destroy();
});

test('sqlite - a registration fills 600 bytes, indexes included; 700 with the longest tokens of FCM', async (t) => {
  const devices: Readonly<Record<string, (i: number) => Partial<RegistrationRequest>>> = {
    apns: (i) => ({ token: hexOf(i), device: hexOf(i), secondToken: hexOf(i + 1_000_000) }),
    fcm: (i) => ({ app: 'android', token: fcmTokenOf(i), device: fcmTokenOf(i) }),
    p2: (i) => ({
      app: 'android',
      convention: 'p2',
      withSecret: true,
      token: fcmTokenOf(i),
      device: hexOf(i).slice(0, 16),
    }),
  };
  for (const [name, deviceOf] of Object.entries(devices)) {
    const path = pathOf(t);
    const registry = await open(path);
    const empty = statSync(path).size;
    const accountOf = (i: number) => `user${i}@chat.example.net`;
    const base = { ...phone, device: '', token: '', component: 'push.example.com' };
    const rows = 600;
    await Promise.all(
      Array.from({ length: rows }, (_, i) => registry.register({ ...base, account: accountOf(i), ...deviceOf(i) })),
    );
    await registry.close();
    const bytes = (statSync(path).size - empty) / rows;
    assert.ok(bytes < (name === 'fcm' ? 700 : 600), `${name}: ${bytes} bytes`);
  }
});

const hexOf = (i: number): string => createHash('sha256').update(String(i)).digest('hex');
/** Of the length and form that Google's have: 22 characters, a colon, 140 characters. */
const fcmTokenOf = (i: number): string =>
  `${createHash('md5').update(String(i)).digest('base64url')}:APA91b${createHash('sha512').update(String(i)).digest('base64url')}${createHash('sha384').update(String(i)).digest('base64url').slice(0, 48)}`;

test('sqlite - what a stranger makes as long as possible fills a few kilobytes', async (t) => {
  const path = pathOf(t);
  const registry = await open(path);
  const empty = statSync(path).size;
  const token = (i: number) => `${i}${'x'.repeat(1_020)}`;
  const account = (i: number) => `${i}${'u'.repeat(1_000)}@${'d'.repeat(1_000)}`;
  const rows = 300;
  await Promise.all(
    Array.from({ length: rows }, (_, i) =>
      registry.register({ ...phone, app: 'android', account: account(i), device: token(i), token: token(i) }),
    ),
  );
  await registry.close();
  const bytes = (statSync(path).size - empty) / rows;
  assert.ok(bytes < 4_200, `${bytes} bytes`);
});
