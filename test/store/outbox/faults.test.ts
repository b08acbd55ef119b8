import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import type { Outbox } from '../../../src/store/outbox/contract.ts';
import { eventually } from '../../support/process.ts';
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
  const outbox = await open({ limits: { pages: 40 } });
  const { stored, answer } = await fill(outbox);
  assert.equal(answer, 'failed');
  assert.ok(stored > 10, `only ${stored} were stored`);
  assert.deepEqual(outbox.state, { kind: 'failing', reason: 'disk-full' });
  assert.equal((await outbox.stats())?.get('siskin')?.depth, stored);

  const leased = await leaseNumbers(outbox, startMs, 5);
  for (const n of leased) outbox.complete(id(n));
  assert.equal(await outbox.enqueue(queued(900, { ciphertext: big }), startMs), 'stored');
  assert.deepEqual(outbox.state, { kind: 'working' });
  assert.deepEqual(await leaseNumbers(outbox, startMs, 3), [900, stored - 5, stored - 6]);

  clock.advance(1);
  const lines = logged().map(({ level, reason, hint, msg }) => ({ level, reason, hint, msg }));
  assert.deepEqual(lines, [
    {
      level: 50,
      reason: 'disk-full',
      hint: 'Make room on the disk; the outbox then continues by itself. What was stored is still there.',
      msg: 'the outbox stores nothing: pushes that cannot be sent are refused',
    },
    { level: 30, reason: undefined, hint: undefined, msg: 'the outbox stores pushes again' },
  ]);
});

test('outbox faults - new pushes that do not fit do not prevent completions of the same batch from being written', async (context) => {
  const outbox = await outboxesFor(context).open({ limits: { pages: 40 } });
  const { stored } = await fill(outbox);
  const [newest] = await leaseNumbers(outbox, startMs, 1);
  outbox.complete(id(newest ?? 0));
  const puts = Array.from({ length: 50 }, (_, n) => outbox.enqueue(queued(1_000 + n, { ciphertext: big }), startMs));
  assert.deepEqual(new Set(await Promise.all(puts)), new Set(['failed']));
  assert.equal((await outbox.stats())?.get('siskin')?.depth, stored - 1);
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
    const { open, clock } = outboxesFor(context, join(disk, 'sealpost.outbox.db'));
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

test('outbox faults - a disk that is full at the start does not prevent it, and recovers when there is room', async (context) => {
  const folder = folderFor(context);
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', disk], { stdio: 'ignore' });
  } catch {
    context.skip('needs the right to mount a tmpfs');
    return;
  }
  try {
    const filler = openSync(join(disk, 'filler'), 'w');
    assert.throws(() => {
      for (;;) writeSync(filler, Buffer.alloc(4_096));
    }, /ENOSPC/);
    closeSync(filler);
    const outbox = await outboxesFor(context, join(disk, 'sealpost.outbox.db')).open();
    assert.equal(outbox.state.kind, 'failing');
    assert.equal(await outbox.enqueue(queued(1), startMs), 'failed');
    execFileSync('mount', ['-o', 'remount,size=8m', disk]);
    assert.equal(await outbox.enqueue(queued(1), startMs), 'stored');
    assert.deepEqual(outbox.state, { kind: 'working' });
    await outbox.close();
  } finally {
    execFileSync('umount', ['-l', disk]);
  }
});

test('outbox faults - a file that another process holds is waited for without blocking the event loop', async (context) => {
  const { path, open, logged } = outboxesFor(context);
  const first = await open();
  await first.enqueue(queued(1), startMs);
  const second = await open({ timing: { lockWaitMs: 10 } });
  assert.deepEqual(second.state, { kind: 'failing', reason: 'locked' });
  assert.equal(await second.enqueue(queued(2), startMs), 'failed');
  assert.deepEqual(await second.lease('siskin', startMs, 1), { pushes: [], nextDueAtMs: startMs + 1_000 });
  assert.equal(await second.stats(), undefined);
  assert.equal(await second.expire(startMs), 0);
  await first.close();
  assert.equal(await second.enqueue(queued(3), startMs), 'stored');
  assert.deepEqual(await leaseNumbers(second), [3, 1]);
  const [complaint] = logged();
  assert.deepEqual([complaint?.['reason'], complaint?.['file']], ['locked', path]);
});

test('outbox faults - a completion that could not be written is written later, and the push is not leased meanwhile', async (context) => {
  const { path, open, clock } = outboxesFor(context);
  const outbox = await open({ timing: { lockWaitMs: 10 } });
  await outbox.enqueue(queued(1), startMs);
  await outbox.enqueue(queued(2), startMs);
  assert.deepEqual(await leaseNumbers(outbox), [2, 1]);
  // While the file is moved away it cannot be written, and SQLite cannot open a folder in its place.
  renameSync(path, `${path}.away`);
  mkdirSync(path);
  outbox.complete(id(1));
  outbox.reschedule(id(2), startMs, 2);
  assert.deepEqual(await leaseNumbers(outbox), []);
  assert.equal(outbox.state.kind, 'failing');
  rmSync(path, { recursive: true });
  renameSync(`${path}.away`, path);
  assert.deepEqual(await leaseNumbers(outbox), []);
  clock.advance(1_000);
  await outbox.stats();
  assert.deepEqual(await leaseNumbers(outbox), [2]);
  assert.equal((await outbox.stats())?.get('siskin')?.depth, 1);
});

/** Overwrites pages of the file with garbage. */
function damage(path: string, fromByte: number, bytes: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(bytes, 0x5a), 0, bytes, fromByte);
  closeSync(file);
}

const setAsideFiles = (path: string) =>
  readdirSync(dirname(path)).filter(
    (name) => name.startsWith(`${basename(path)}.corrupt-`) && !/-(wal|shm)$/.test(name),
  );

test('outbox faults - a file that is not a database is renamed, and the outbox starts empty', async (context) => {
  const { path, open, logged } = outboxesFor(context);
  writeFileSync(path, 'this is no database, but somebody may want it back'.repeat(100));
  const outbox = await open();
  assert.equal(await outbox.enqueue(queued(1), startMs), 'stored');
  const [kept] = setAsideFiles(path);
  assert.match(readFileSync(join(dirname(path), kept ?? ''), 'utf8'), /^this is no database/);
  const [line, ...more] = logged();
  assert.deepEqual(more, []);
  assert.equal(line?.['file'], join(dirname(path), kept ?? ''));
  assert.equal(line?.['count'], 0);
  assert.match(String(line?.['hint']), /Check the disk/);
});

test('outbox faults - every readable push of a damaged file is kept', async (context) => {
  const { path, open, logged } = outboxesFor(context);
  const first = await open();
  const numbers = Array.from({ length: 300 }, (_, n) => n + 1);
  await Promise.all(numbers.map((n) => first.enqueue(queued(n, { ciphertext: big }), startMs)));
  await first.close();
  damage(path, Math.floor(statSync(path).size / 2 / 4_096) * 4_096, 4_096 * 4);

  const second = await open();
  const seen = new Set<number>();
  for (;;) {
    const claimed = await leaseNumbers(second, startMs, 50);
    if (claimed.length === 0) break;
    for (const n of claimed) {
      assert.ok(!seen.has(n), `${n} came twice`);
      seen.add(n);
    }
  }
  const [line] = logged();
  assert.match(String(line?.['msg']), /damaged and renamed/);
  assert.equal(setAsideFiles(path).length, 1);
  assert.ok(seen.size > 250 && seen.size < 300, `${seen.size} of 300 were recovered`);
  assert.ok(seen.has(1) && seen.has(300));
  assert.equal((await second.stats())?.get('siskin')?.depth, line?.['count']);
});

test('outbox faults - a file that is damaged while in use is replaced, and the push that met the damage is stored', async (context) => {
  const { path, open, logged } = outboxesFor(context);
  const first = await open();
  const numbers = Array.from({ length: 2_000 }, (_, n) => n + 1);
  for (let from = 0; from < 2_000; from += 500) {
    await Promise.all(
      numbers.slice(from, from + 500).map((n) => first.enqueue(queued(n, { ciphertext: big }), startMs)),
    );
  }
  await first.close();
  // Opened anew, so that the pages are not in its cache.
  const second = await open();
  assert.deepEqual(logged(), []);
  damage(path, 4_096, statSync(path).size - 4_096);
  const answers = await Promise.all([5_001, 5_002].map((n) => second.enqueue(queued(n, { node: 'node-7' }), startMs)));
  assert.deepEqual(answers, ['stored', 'stored']);
  assert.deepEqual(second.state, { kind: 'working' });
  const [line] = logged();
  assert.match(String(line?.['msg']), /damaged and renamed/);
  assert.equal(setAsideFiles(path).length, 1);
  await second.close();
  const third = await open();
  assert.deepEqual((await leaseNumbers(third)).slice(0, 2), [5_002, 5_001]);
});

test('outbox faults - a damaged file loses nothing because the disk was full when the damage was met', async (context) => {
  const { path, open, logged } = outboxesFor(context);
  const first = await open();
  const numbers = Array.from({ length: 300 }, (_, n) => n + 1);
  await Promise.all(numbers.map((n) => first.enqueue(queued(n, { ciphertext: big }), startMs)));
  await first.close();
  damage(path, Math.floor(statSync(path).size / 2 / 4_096) * 4_096, 4_096 * 4);
  const short = await open({ limits: { pages: 20 } });
  assert.deepEqual(await leaseNumbers(short, startMs, 500), []);
  assert.deepEqual(setAsideFiles(path), []);
  await short.close();
  const second = await open();
  assert.ok((await leaseNumbers(second, startMs, 500)).length > 250);
  assert.equal(setAsideFiles(path).length, 1);
  assert.match(String(logged().at(-1)?.['msg']), /damaged and renamed/);
});

test('outbox faults - killed while the file was being replaced, it continues with the recovered pushes', async (context) => {
  const { path, open } = outboxesFor(context);
  const first = await open();
  await first.enqueue(queued(1), startMs);
  await first.close();
  renameSync(path, `${path}.salvaged`);
  assert.deepEqual(await leaseNumbers(await open()), [1]);
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

test('outbox faults - a file that was deleted while in use is created again, with a message to the operator', async (context) => {
  const { path, open, logged } = outboxesFor(context);
  const first = await open();
  await first.enqueue(queued(1), startMs);
  rmSync(path);
  assert.equal(await first.enqueue(queued(2), startMs), 'stored');
  await first.close();
  assert.deepEqual(await leaseNumbers(await open()), [2]);
  assert.match(String(logged()[0]?.['msg']), /moved or deleted while in use/);
});

async function refusal(opening: Promise<Outbox>): Promise<{ message: string; hint: string }> {
  const { message, hint } = await opening.then(
    () => assert.fail('was opened'),
    (error: unknown) => error as Error & { hint: string },
  );
  return { message, hint };
}

test('outbox faults - the file of a newer version is refused and not changed', async (context) => {
  const { path, open } = outboxesFor(context);
  const first = await open();
  await first.enqueue(queued(1), startMs);
  await first.close();
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 3');
  database.close();
  const before = readFileSync(path);
  assert.deepEqual(await refusal(open()), {
    message: `${path} was written by a newer Sealpost (version 3 of the table)`,
    hint: 'Start that version again. If its queued pushes may be lost, move the file away instead.',
  });
  assert.deepEqual(readFileSync(path), before);
});

test('outbox faults - the database of another program is refused and not changed', async (context) => {
  const { path, open } = outboxesFor(context);
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE theirs (x)');
  database.close();
  assert.equal((await refusal(open())).message, `${path} is the database of another program`);
  assert.equal(new DatabaseSync(path).prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'], 1);
});

test('outbox faults - a folder that cannot be written is refused with what to do', async (context) => {
  const folder = folderFor(context);
  writeFileSync(join(folder, 'file'), '');
  const { open, path } = outboxesFor(context, join(folder, 'file', 'data', 'sealpost.outbox.db'));
  assert.deepEqual(await refusal(open()), {
    message: `cannot open the outbox ${path} (ENOTDIR)`,
    hint: `The user that Sealpost runs as must be allowed to write there: ${dirname(path)}.`,
  });
});

/** An outbox whose thread dies when it is told to enqueue a push of the node `poison`. */
async function mortal(context: TestContext) {
  const parts = outboxesFor(context);
  return { ...parts, outbox: await parts.open({ threadFile: new URL('mortal-thread.ts', import.meta.url) }) };
}

test('outbox faults - a thread that dies loses no stored push and is restarted', async (context) => {
  const { outbox, clock, logged } = await mortal(context);
  assert.deepEqual(
    await Promise.all([1, 2, 3].map((n) => outbox.enqueue(queued(n), startMs))),
    Array(3).fill('stored'),
  );
  assert.deepEqual(await leaseNumbers(outbox, startMs, 1), [3]);
  assert.equal(await outbox.enqueue(queued(4, { node: 'poison' }), startMs), 'failed');
  await eventually('the death is noticed', () => outbox.state.kind === 'failing' || undefined);
  const waiting = outbox.enqueue(queued(5), startMs);
  clock.advance(100);
  assert.equal(await waiting, 'stored');
  assert.deepEqual(outbox.state, { kind: 'working' });
  // The third is still leased.
  assert.deepEqual(await leaseNumbers(outbox), [5, 2, 1]);
  assert.deepEqual(
    logged().map(({ msg }) => msg),
    [
      'the outbox stores nothing: pushes that cannot be sent are refused',
      'the thread of the outbox died and is restarted',
      'the outbox stores pushes again',
    ],
  );
});

test('outbox faults - completions that the dead thread did not write are written by the next one', async (context) => {
  const { outbox, clock } = await mortal(context);
  await outbox.enqueue(queued(1), startMs);
  await leaseNumbers(outbox);
  outbox.complete(id(1));
  assert.equal(await outbox.enqueue(queued(2, { node: 'poison' }), startMs), 'failed');
  clock.advance(1_000);
  assert.equal((await outbox.stats())?.size, 0);
});

test('outbox faults - closing ends in time although the thread no longer answers', async (context) => {
  const { outbox, clock } = await mortal(context);
  assert.equal(await outbox.enqueue(queued(1, { node: 'poison' }), startMs), 'failed');
  const owing = outbox.enqueue(queued(2), startMs);
  const closed = outbox.close();
  clock.advance(1_000);
  await closed;
  assert.equal(await owing, 'failed');
});

test('outbox faults - a thread that cannot start is an error, not a wait', async (context) => {
  const { open } = outboxesFor(context);
  const threadFile = new URL('no-such-thread.ts', import.meta.url);
  assert.equal((await refusal(open({ threadFile }))).message, 'the thread of the outbox could not be started');
});
