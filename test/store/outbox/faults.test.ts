import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import type { Outbox } from '../../../src/store/outbox/contract.ts';
import { createOutbox } from '../../../src/store/outbox/outbox.ts';
import { openSqlite } from '../../../src/store/sqlite/open.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { manualClock } from '../../support/clock.ts';
import { eventually } from '../../support/process.ts';
import { recordedLog } from '../../support/telemetry.ts';
import { leaseNumbers, folderFor, id, outboxesFor, queued, startMs } from './support.ts';

const big = 'A'.repeat(3_000);

/** Enqueues pushes until one is not stored; returns how many were stored, and the result of that one. */
async function fill(outbox: Outbox): Promise<{ stored: number; answer: string }> {
  for (let n = 1; ; n += 1) {
    const answer = await outbox.enqueue(queued(n, { ciphertext: big }), startMs);
    if (answer !== 'stored') return { stored: n - 1, answer };
  }
}

test('outbox faults - a full disk refuses new pushes, loses none, lets pushes complete, and recovers when there is room', async (context) => {
  const { open, logged, clock } = outboxesFor(context);
  const outbox = await open({ file: { pages: 60 } });
  const { stored, answer } = await fill(outbox);
  assert.equal(answer, 'failed');
  assert.ok(stored > 10, `only ${stored} were stored`);
  assert.deepEqual(outbox.state, { kind: 'failing', reason: 'disk-full' });
  assert.equal((await outbox.stats())?.get('siskin')?.depth, stored);

  const leased = await leaseNumbers(outbox, startMs, 5);
  for (const n of leased) outbox.complete(id(n));
  await outbox.stats();
  assert.equal(await outbox.enqueue(queued(900, { ciphertext: big }), startMs), 'stored');
  assert.deepEqual(outbox.state, { kind: 'working' });
  assert.deepEqual(await leaseNumbers(outbox, startMs, 2), [7, 6]);

  clock.advance(1);
  const lines = logged().map(({ level, reason, hint, msg }) => ({ level, reason, hint, msg }));
  assert.deepEqual(lines, [
    {
      level: 50,
      reason: 'disk-full',
      hint: 'See the state of the store. What was stored is still there.',
      msg: 'the outbox stores nothing: pushes that cannot be sent are refused',
    },
    { level: 30, reason: undefined, hint: undefined, msg: 'the outbox stores pushes again' },
  ]);
});

test('outbox faults - new pushes that do not fit do not prevent completions of the same batch from being written', async (context) => {
  const outbox = await outboxesFor(context).open({ file: { pages: 60 } });
  const { stored } = await fill(outbox);
  const [newest] = await leaseNumbers(outbox, startMs, 1);
  outbox.complete(id(newest ?? 0));
  const puts = Array.from({ length: 50 }, (_, n) => outbox.enqueue(queued(1_000 + n, { ciphertext: big }), startMs));
  const kept = (await Promise.all(puts)).filter((answer) => answer === 'stored').length;
  // The room of the completed one at most.
  assert.ok(kept <= 1, `${kept} were stored`);
  assert.equal((await outbox.stats())?.get('siskin')?.depth, stored - 1 + kept);
});

test('outbox faults - a file system without room, the real thing', async (context) => {
  const folder = folderFor(context);
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'none', disk], { stdio: 'ignore' });
  } catch {
    context.skip('needs the right to mount a tmpfs');
    return;
  }
  try {
    const { open, clock } = outboxesFor(context, join(disk, 'sealpost.db'));
    const outbox = await open();
    const { stored, answer } = await fill(outbox);
    assert.equal(answer, 'failed');
    assert.equal(outbox.state.kind, 'failing');
    execFileSync('mount', ['-o', 'remount,size=8m', disk]);
    clock.advance(1_000);
    assert.equal(await outbox.enqueue(queued(900, { ciphertext: big }), startMs), 'stored');
    await outbox.close();
    const again = await open();
    assert.equal((await again.stats())?.get('siskin')?.depth, stored + 1);
    await again.close();
  } finally {
    execFileSync('umount', ['-l', disk]);
  }
});

test('outbox faults - a lock of another process refuses new pushes in time, blocks no reading, and passes', async (context) => {
  const { path, open } = outboxesFor(context);
  const outbox = await open({ file: { busyTimeoutMs: 10 } });
  await outbox.enqueue(queued(1), startMs);
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  assert.equal(await outbox.enqueue(queued(2), startMs), 'failed');
  assert.deepEqual(outbox.state, { kind: 'failing', reason: 'locked' });
  assert.deepEqual(await outbox.lease('siskin', startMs, 1), { pushes: [], nextDueAtMs: startMs + 1_000 });
  assert.equal((await outbox.stats())?.get('siskin')?.depth, 1);
  assert.equal(await outbox.expire(startMs), 0);
  other.exec('COMMIT');
  other.close();
  assert.equal(await outbox.enqueue(queued(3), startMs), 'stored');
  assert.deepEqual(outbox.state, { kind: 'working' });
  assert.deepEqual(await leaseNumbers(outbox), [3, 1]);
});

test('outbox faults - what became of a push is written later if it cannot be now, and it is not leased meanwhile', async (context) => {
  const { path, open, clock } = outboxesFor(context);
  const outbox = await open({ file: { busyTimeoutMs: 10 }, timing: { leaseMs: 5_000 } });
  await outbox.enqueue(queued(1), startMs);
  await outbox.enqueue(queued(2), startMs);
  assert.deepEqual(await leaseNumbers(outbox), [2, 1]);
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  outbox.complete(id(1));
  outbox.reschedule(id(2), startMs + 7_000, 2);
  await outbox.stats();
  other.exec('COMMIT');
  other.close();
  clock.advance(1_000);
  assert.deepEqual(await leaseNumbers(outbox, startMs + 6_000), []);
  assert.equal((await outbox.stats())?.get('siskin')?.depth, 1);
  assert.deepEqual(await leaseNumbers(outbox, startMs + 7_000), [2]);
});

test('outbox faults - what is stored while the file is deleted would be lost, and is refused', async (context) => {
  const { path, open } = outboxesFor(context);
  const outbox = await open();
  rmSync(path);
  assert.equal(await outbox.enqueue(queued(1), startMs), 'failed');
  assert.equal(outbox.state.kind, 'failing');
});

test('outbox faults - a row that is no valid push is removed and counted, and the others are leased', async (context) => {
  const { path, open, dropped } = outboxesFor(context);
  const first = await open();
  for (const n of [1, 2, 3, 4]) await first.enqueue(queued(n), startMs);
  await first.close();
  const database = new DatabaseSync(path);
  database.prepare('UPDATE queued_push SET push = ? WHERE id = ?').run('{"id":', id(1));
  database
    .prepare('UPDATE queued_push SET push = ? WHERE id = ?')
    .run(JSON.stringify({ id: id(2), kind: 'loud' }), id(2));
  database.prepare('UPDATE queued_push SET target = ? WHERE id = ?').run('third', id(3));
  database.close();
  const second = await open();
  assert.deepEqual(await leaseNumbers(second), [4]);
  assert.equal((await second.stats())?.get('siskin')?.depth, 1);
  assert.deepEqual(await dropped(), { 'siskin outbox-unreadable': 3 });
});

/** An outbox whose thread dies when it is told to enqueue a push of the node `poison`. */
async function mortal(context: TestContext) {
  const clock = manualClock(startMs);
  const { log, lines } = recordedLog();
  const metrics = createMetrics('test');
  const threadFile = new URL('mortal-thread.ts', import.meta.url);
  const file = { path: join(folderFor(context), 'sealpost.db') };
  const database = await openSqlite({ file, clock, log, metrics, threadFile });
  context.after(() => database.close());
  const outbox = await createOutbox({ database, clock, log, metrics });
  const said = () => lines.map((line) => String((JSON.parse(line) as { msg?: unknown }).msg)).slice(1);
  return { database, outbox, clock, said, file };
}

test('outbox faults - a thread that dies loses no stored push and is restarted', async (context) => {
  const { outbox, clock, said } = await mortal(context);
  assert.deepEqual(
    await Promise.all([1, 2, 3].map((n) => outbox.enqueue(queued(n), startMs))),
    Array(3).fill('stored'),
  );
  assert.deepEqual(await leaseNumbers(outbox, startMs, 1), [1]);
  assert.equal(await outbox.enqueue(queued(4, { node: 'poison' }), startMs), 'failed');
  await eventually('the death is noticed', () => outbox.state.kind === 'failing' || undefined);
  const waiting = outbox.enqueue(queued(5), startMs);
  clock.advance(100);
  assert.equal(await waiting, 'stored');
  assert.deepEqual(outbox.state, { kind: 'working' });
  // The first is still leased.
  assert.deepEqual(await leaseNumbers(outbox), [5, 3, 2]);
  assert.deepEqual(said(), [
    'the thread of the store died and is restarted',
    'the outbox stores nothing: pushes that cannot be sent are refused',
    'the outbox stores pushes again',
  ]);
});

test('outbox faults - after a restart of the thread another program that reads the file takes nothing away', async (context) => {
  const { outbox, clock, file } = await mortal(context);
  assert.equal(await outbox.enqueue(queued(4, { node: 'poison' }), startMs), 'failed');
  const waiting = outbox.enqueue(queued(5), startMs);
  clock.advance(100);
  assert.equal(await waiting, 'stored');
  // The last connection that closes a file removes its WAL, unless it finds the locks of others.
  const read = `const d = new (require('node:sqlite').DatabaseSync)(${JSON.stringify(file.path)}); d.prepare('SELECT count(*) FROM queued_push').get(); d.close()`;
  execFileSync(process.execPath, ['-e', read]);
  assert.ok(existsSync(`${file.path}-wal`));
});

test('outbox faults - completions that the dead thread did not write are written by the next one', async (context) => {
  const { outbox, clock } = await mortal(context);
  await outbox.enqueue(queued(1), startMs);
  await leaseNumbers(outbox);
  const poisoned = outbox.enqueue(queued(2, { node: 'poison' }), startMs);
  outbox.complete(id(1));
  assert.equal(await poisoned, 'failed');
  clock.advance(1_000);
  await eventually('it is written', async () => ((await outbox.stats())?.size === 0 ? true : undefined));
});

test('outbox faults - closing ends although the thread is dead, and fails what waits', async (context) => {
  const { database, outbox, clock } = await mortal(context);
  assert.equal(await outbox.enqueue(queued(1, { node: 'poison' }), startMs), 'failed');
  const waiting = outbox.enqueue(queued(2), startMs);
  const closed = outbox.close();
  clock.advance(1_000);
  await closed;
  await database.close();
  assert.equal(await waiting, 'failed');
});

test('outbox faults - a thread that cannot start is an error, not a wait', async (context) => {
  const { log } = recordedLog();
  const threadFile = new URL('no-such-thread.ts', import.meta.url);
  const file = { path: join(folderFor(context), 'sealpost.db') };
  const opening = openSqlite({ file, clock: manualClock(), log, metrics: createMetrics('test'), threadFile });
  await assert.rejects(opening, { name: 'StoreError', message: /^the thread of the store could not be started/ });
});
