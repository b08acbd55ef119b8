import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { leaseNumbers, outboxesFor, queued, startMs } from './support.ts';

/** The outbox of earlier versions; in the first one its table had another name. */
function writeOldOutbox(path: string, numbers: readonly number[], table = 'queued_push'): void {
  const old = new DatabaseSync(path);
  old.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE ${table} (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, app TEXT NOT NULL, node TEXT NOT NULL, call INTEGER NOT NULL,
      target TEXT NOT NULL, attempts INTEGER NOT NULL, stored_at_ms INTEGER NOT NULL, due_at_ms INTEGER NOT NULL,
      give_up_at_ms INTEGER NOT NULL, bytes INTEGER NOT NULL, push TEXT NOT NULL
    ) STRICT;
    CREATE INDEX owed_by_claim ON ${table} (app, call, seq, due_at_ms, bytes);
  `);
  const insert = old.prepare(`
    INSERT INTO ${table} (id, app, node, call, target, attempts, stored_at_ms, due_at_ms, give_up_at_ms, bytes, push)
    VALUES (?, 'siskin', ?, 0, 'first', 3, ?, ?, ?, 1, ?)`);
  for (const n of numbers) {
    const { push, giveUpAtMs } = queued(n);
    insert.run(push.id, push.node, startMs, startMs + 3_600_000, giveUpAtMs, JSON.stringify(push));
  }
  old.close();
}

for (const table of ['queued_push', 'of_version_1']) {
  test(`adopted outbox - the pushes of a file with the table ${table} are taken over, once, and the file is renamed`, async (context) => {
    const { path, open, logged } = outboxesFor(context);
    const old = path.replace('sealpost.db', 'sealpost.outbox.db');
    writeOldOutbox(old, [1, 2, 3], table);
    const first = await open();
    assert.deepEqual([existsSync(old), existsSync(`${old}.adopted`)], [false, true]);
    assert.equal((await first.stats())?.get('siskin')?.depth, 3);
    const { pushes } = await first.lease('siskin', startMs, 1);
    assert.deepEqual(pushes, [{ ...queued(1), attempts: 3 }]);
    assert.equal(logged().at(-1)?.['count'], 3);
    await first.close();
    assert.deepEqual(await leaseNumbers(await open()), [3, 2, 1]);
  });
}

test('adopted outbox - a copy that was interrupted is begun again and doubles nothing', async (context) => {
  const { path, open } = outboxesFor(context);
  const first = await open();
  await first.enqueue(queued(1), startMs);
  await first.close();
  writeOldOutbox(path.replace('sealpost.db', 'sealpost.outbox.db'), [1, 2]);
  assert.deepEqual(await leaseNumbers(await open()), [2, 1]);
});

test('adopted outbox - a damaged file is put aside with a message, and does not prevent the start', async (context) => {
  const { path, open, logged } = outboxesFor(context);
  const old = path.replace('sealpost.db', 'sealpost.outbox.db');
  writeFileSync(old, 'this is no database'.repeat(1_000));
  const outbox = await open();
  assert.equal(await outbox.enqueue(queued(1), startMs), 'stored');
  assert.ok(existsSync(`${old}.adopted`));
  assert.equal(logged()[0]?.['reason'], 'damaged');
});

test('adopted outbox - of a file with damage in its middle, what is before and behind the damage is taken over', async (context) => {
  const { path, open, logged } = outboxesFor(context);
  const old = path.replace('sealpost.db', 'sealpost.outbox.db');
  const numbers = Array.from({ length: 400 }, (_, n) => n + 1);
  writeOldOutbox(old, numbers);
  const middle = Math.floor(statSync(old).size / 4_096 / 2) * 4_096;
  const file = openSync(old, 'r+');
  writeSync(file, Buffer.alloc(8_192, 0x5a), 0, 8_192, middle);
  closeSync(file);
  const outbox = await open();
  const found = await leaseNumbers(outbox, startMs, 1_000);
  assert.ok(found.includes(1) && found.includes(400), `${found.length} of 400 were taken over`);
  assert.ok(found.length > 300 && found.length < 400, `${found.length} of 400 were taken over`);
  assert.equal(logged()[0]?.['reason'], 'damaged');
});
