import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
  writeSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { openRegistry } from '../../support/store.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { manualClock } from '../../support/clock.ts';
import { eventually } from '../../support/process.ts';
import { recordedLog } from '../../support/telemetry.ts';
import { fillDisk } from '../../support/fill-disk.ts';

/** Milliseconds of two checks. */
const noticedWithinMs = 10_000;

const request = (i: number) => ({
  app: 'siskin',
  convention: 'tigase' as const,
  account: 'romeo@example.net',
  device: `device-${i}`,
  token: `token-${i}`,
  withSecret: false,
});

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-watch-'));
  t.after(() => {
    spawnSync('umount', ['-l', join(folder, 'disk')]);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

async function openWatched(t: TestContext, folder: string) {
  const path = join(folder, 'sealpost.db');
  const clock = manualClock();
  const { log, lines } = recordedLog();
  const metrics = createMetrics('test');
  const registry = await openRegistry({ store: { kind: 'sqlite', path }, clock, log, metrics });
  let isClosed = false;
  const close = async () => {
    if (!isClosed) await registry.close();
    isClosed = true;
  };
  t.after(close);
  const said = () => lines.filter((line) => /the store (cannot keep|keeps) registrations/.test(line));
  const isUp = async () => (await metrics.storeUp.get()).values[0]?.value;
  const reason = () => registry.fault?.reason;
  const errors = async () =>
    Object.fromEntries((await metrics.storeErrors.get()).values.map(({ labels, value }) => [labels.reason, value]));
  /** Lets checks pass, each of which waits for the thread that writes. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 5_000) {
      clock.advance(5_000);
      for (let i = 0; i < 3; i += 1) await registry.ping();
    }
  };
  await pass(5_000);
  return { registry, path, clock, pass, said, isUp, close, reason, errors };
}

test('store watch - a writable file in its place is not a fault', async (t) => {
  const { registry, pass, said, isUp } = await openWatched(t, folderOf(t));
  await registry.register(request(1));
  await pass(60_000);
  assert.deepEqual([registry.fault, await isUp(), said()], [undefined, 1, []]);
});

test('store watch - with the file deleted nothing is registered, earlier registrations are found, and the fault is logged once a minute', async (t) => {
  const { registry, path, pass, said, isUp, reason, errors } = await openWatched(t, folderOf(t));
  const { node } = await registry.register(request(1));
  assert.deepEqual(await errors(), {});
  rmSync(path);
  // At once, since a registration would otherwise be answered as kept and be gone after a restart.
  await assert.rejects(registry.register(request(2)), /not in its place \(deleted\)/);
  await assert.rejects(
    registry.unregister({ app: 'siskin', account: 'romeo@example.net', token: 'token-1' }),
    /deleted/,
  );
  // The two refusals count at once, and each check that finds the fault after them.
  assert.deepEqual(await errors(), { deleted: 2 });
  await pass(noticedWithinMs);
  assert.deepEqual(await errors(), { deleted: 4 });
  assert.equal(reason(), 'deleted');
  assert.match(registry.fault?.hint ?? '', /Move it back/);
  assert.equal((await registry.find(node))?.token, 'token-1');
  assert.equal(await isUp(), 0);
  assert.equal(said().length, 1);
  await pass(110_000);
  assert.equal(said().length, 2);
});

test('store watch - a fault that comes and goes is logged once a minute, and so is its end', async (t) => {
  const { path, pass, said } = await openWatched(t, folderOf(t));
  const comeAndGo = async () => {
    renameSync(path, `${path}.away`);
    await pass(noticedWithinMs / 2);
    renameSync(`${path}.away`, path);
    await pass(noticedWithinMs / 2);
  };
  for (let i = 0; i < 6; i += 1) await comeAndGo();
  assert.equal(said().length, 2, said().join(''));
  await comeAndGo();
  assert.equal(said().length, 4);
});

test('store watch - a file that comes back heals it without a restart', async (t) => {
  const { registry, path, pass, said, isUp, reason } = await openWatched(t, folderOf(t));
  renameSync(path, `${path}.away`);
  await pass(noticedWithinMs);
  assert.equal(reason(), 'deleted');
  renameSync(`${path}.away`, path);
  const { node } = await registry.register(request(1));
  await pass(noticedWithinMs);
  assert.deepEqual([registry.fault, await isUp()], [undefined, 1]);
  assert.match(said().at(-1) ?? '', /keeps registrations again/);
  assert.ok(await registry.find(node));
});

test('store watch - another file in its place is a fault, and nothing is stored', async (t) => {
  const { registry, path, pass, reason } = await openWatched(t, folderOf(t));
  copyFileSync(path, `${path}.copy`);
  renameSync(`${path}.copy`, path);
  await assert.rejects(registry.register(request(1)), /not in its place \(replaced\)/);
  await pass(noticedWithinMs);
  assert.equal(reason(), 'replaced');
});

test('store watch - a path that cannot even be looked at is a fault, and ends no process', async (t) => {
  const folder = join(folderOf(t), 'data');
  mkdirSync(folder);
  const { registry, pass, reason, isUp } = await openWatched(t, folder);
  const { node } = await registry.register(request(1));
  // A link to itself in place of the folder: `stat` fails, for root too.
  renameSync(folder, `${folder}.away`);
  symlinkSync(folder, folder);
  await assert.rejects(registry.register(request(2)), /not in its place \(ELOOP\)/);
  await pass(noticedWithinMs);
  assert.deepEqual([reason(), await isUp()], ['ELOOP', 0]);
  assert.equal((await registry.find(node))?.token, 'token-1');
  rmSync(folder);
  renameSync(`${folder}.away`, folder);
  await pass(noticedWithinMs);
  assert.equal(reason(), undefined);
});

test('store watch - a lasting lock is a fault, a short one is not; neither is waited for', async (t) => {
  const { registry, path, pass, reason } = await openWatched(t, folderOf(t));
  // What a start writes is written by then: it would wait for the lock, and the check behind it.
  await registry.register(request(1));
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  await pass(5_000);
  assert.equal(reason(), undefined);
  await pass(5_000);
  assert.equal(reason(), 'locked');
  other.exec('COMMIT');
  await pass(5_000);
  assert.equal(reason(), undefined);
  other.exec('BEGIN IMMEDIATE');
  await pass(5_000);
  assert.equal(reason(), undefined);
  other.exec('COMMIT');
  other.close();
});

test('store watch - a full disk is a fault while it lasts; the store opens on one and finds what it has', async (t) => {
  const folder = join(folderOf(t), 'disk');
  mkdirSync(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', folder], { stdio: 'ignore' });
  } catch {
    t.skip('needs the right to mount a tmpfs');
    return;
  }
  const first = await openWatched(t, folder);
  const { node } = await first.registry.register(request(1));
  fillDisk(folder);
  // The WAL has free room for a few pages.
  await first.pass(3_600_000);
  assert.equal(first.reason(), 'disk-full');
  const { 'disk-full': before = 0 } = await first.errors();
  await assert.rejects(first.registry.register(request(2)));
  assert.ok(before > 0);
  assert.deepEqual(await first.errors(), { 'disk-full': before + 1 });
  assert.equal((await first.registry.find(node))?.token, 'token-1');
  await first.close();
  rmSync(join(folder, 'filler'));
  fillDisk(folder);

  const second = await openWatched(t, folder);
  assert.equal((await second.registry.find(node))?.token, 'token-1');
  await second.pass(noticedWithinMs);
  assert.equal(second.reason(), 'disk-full');
  await assert.rejects(second.registry.register(request(2)));
  rmSync(join(folder, 'filler'));
  await second.pass(noticedWithinMs);
  assert.equal(second.reason(), undefined);
  await second.registry.register(request(2));
});

test('store watch - damage in a file that is too large to be read at the start is found after it', async (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'sealpost.db');
  const first = await openWatched(t, folder);
  const { node } = await first.registry.register(request(1));
  await first.close();
  const raw = new DatabaseSync(path);
  raw.exec('CREATE TABLE ballast (content BLOB)');
  for (let i = 0; i < 17; i += 1) raw.exec('INSERT INTO ballast VALUES (zeroblob(4194304))');
  raw.close();
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(65_536, 0xff), 0, 65_536, 34_000_000);
  closeSync(file);

  const { registry, clock, pass, reason } = await openWatched(t, folder);
  await pass(noticedWithinMs);
  assert.equal(reason(), undefined);
  assert.equal((await registry.find(node))?.token, 'token-1');
  clock.advance(30_000);
  await eventually(
    'the damage is found',
    async () => {
      await pass(noticedWithinMs);
      return reason();
    },
    20_000,
  );
  assert.equal(reason(), 'damaged');
});
