import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { createGroupCommit } from '../../../src/store/sqlite/group-commit.ts';

function open(pages?: number) {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT');
  if (pages !== undefined) database.exec(`PRAGMA max_page_count = ${pages}`);
  const { run } = createGroupCommit(database);
  const names = () =>
    database
      .prepare('SELECT name FROM item ORDER BY id')
      .all()
      .map(({ name }) => name);
  return { database, run, names };
}

const insert = (name: string | null) => ({ sql: 'INSERT INTO item (name) VALUES (?)', parameters: [name] });

test('group commit - each statement succeeds or fails alone', () => {
  const { run, names } = open();
  const results = run([insert('a'), insert('a'), insert(null), insert('b')]);
  assert.deepEqual(
    results.map(({ kind }) => kind),
    ['done', 'failed', 'failed', 'done'],
  );
  assert.deepEqual(names(), ['a', 'b']);
  const failure = results[1]?.kind === 'failed' ? results[1].failure : undefined;
  assert.equal((failure?.errcode ?? 0) & 0xff, 19);
});

test('group commit - rows and changes come back', () => {
  const { run } = open();
  const results = run([
    insert('a'),
    { sql: 'INSERT INTO item (name) VALUES (?) RETURNING id, name', parameters: ['b'] },
    { sql: 'DELETE FROM item', parameters: [] },
    { sql: 'SELECT count(*) AS n FROM item', parameters: [] },
  ]);
  assert.deepEqual(
    results.map((result) =>
      result.kind === 'done' ? [result.rows.map((row) => ({ ...(row as object) })), result.changes] : result,
    ),
    [
      [[], 1],
      [[{ id: 2, name: 'b' }], 1],
      [[], 2],
      [[{ n: 0 }], 1],
    ],
  );
});

test('group commit - on a full disk what removes comes through, although what adds does not', () => {
  const { run, names } = open(6);
  for (let n = 0; run([insert(`${n}`.padEnd(900, 'x'))])[0]?.kind === 'done'; n += 1);
  const before = names().length;
  const results = run([
    insert('y'.repeat(900)),
    { sql: 'DELETE FROM item WHERE id = 1', parameters: [] },
    { sql: 'DELETE FROM item WHERE id = 2', parameters: [] },
  ]);
  assert.deepEqual(
    results.map(({ kind }) => kind),
    ['failed', 'done', 'done'],
  );
  assert.equal(names().length, before - 2);
});

test('group commit - a statement that is no SQL fails alone', () => {
  const { run, names } = open();
  const results = run([insert('a'), { sql: 'NONSENSE', parameters: [] }, insert('b')]);
  assert.deepEqual(
    results.map(({ kind }) => kind),
    ['done', 'failed', 'done'],
  );
  assert.deepEqual(names(), ['a', 'b']);
});

test('group commit - a lock of another process fails all statements at once, and none is executed later', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-group-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'x.db');
  const database = new DatabaseSync(path, { timeout: 1 });
  database.exec(
    'PRAGMA journal_mode = WAL; CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT',
  );
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  const results = createGroupCommit(database).run([insert('a'), insert('b')]);
  assert.deepEqual(
    results.map((result) => (result.kind === 'failed' ? result.failure.errcode : result)),
    [5, 5],
  );
  other.exec('COMMIT');
  other.close();
  assert.equal(database.prepare('SELECT count(*) AS n FROM item').get()?.['n'], 0);
  database.close();
});
