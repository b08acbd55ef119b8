import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { eventually } from '../../support/process.ts';
import { testFault } from './places.ts';
import type { Site } from './site.ts';
import { fillDisk } from '../../support/fill-disk.ts';

/** A file system of two megabytes, where this user may mount one. */
const disk = mkdtempSync(join(tmpdir(), 'sealpost-full-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', disk]);
process.on('exit', () => {
  spawnSync('umount', ['-l', disk]);
  rmSync(disk, { recursive: true, force: true });
});

/** Overwrites a file from an offset on, as far as there is room or up to its end. */
function overwrite(path: string, from: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(fstatSync(file).size - from, 0xff), 0, undefined, from);
  closeSync(file);
}

const storeOf = (site: Site) => join(site.folder, 'sealpost.db');

testFault({
  name: 'disk full',
  skip: mounted.status === 0 ? false : 'needs the right to mount a tmpfs',
  store: `sqlite:${join(disk, 'sealpost.db')}`,
  make: () => Promise.resolve(fillDisk(disk)),
  log: {
    msg: 'the store cannot keep registrations: devices are told to register later',
    reason: 'disk-full',
    hint: 'Make room on the file system of the store.',
  },
  part: 'store',
  reason: 'no registration can be kept: disk-full',
  hint: 'Make room on the file system of the store.',
  alert: {
    rule: 'SealpostStoreFault',
    says: 'The store of a:9090 cannot be written',
    runbook: '`disk-full`: make room',
  },
  check: {
    line: 'warn store: the running server says: no registration can be kept: disk-full',
    hint: 'Make room on the file system of the store.',
  },
});

testFault({
  name: 'store deleted',
  make: (site) => Promise.resolve(rmSync(storeOf(site))),
  log: {
    msg: 'the store cannot keep registrations: devices are told to register later',
    reason: 'deleted',
    hint: 'Move it back, or put a backup in its place and restart',
  },
  part: 'store',
  reason: 'no registration can be kept: deleted',
  hint: 'Move it back, or put a backup in its place and restart',
  alert: {
    rule: 'SealpostStoreFault',
    says: 'The store of a:9090 cannot be written',
    runbook: '`deleted`, `replaced`: put the file back before you restart anything',
  },
  check: {
    line: /^fail store: the store \S+ was deleted or moved away while a server uses it$/,
    hint: 'Move it back, or put a backup in its place and restart the server.',
  },
});

testFault({
  name: 'store damaged',
  async make(site) {
    const nodes = [await site.register('siskin', 'ab'.repeat(32))];
    // What was written is in the file itself from now on.
    const other = new DatabaseSync(storeOf(site));
    other.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    other.close();
    overwrite(storeOf(site), 4_096);
    const isNoticed = async () => /sealpost_store_errors_total\{reason="damaged"\}/.test(await site.metrics());
    await eventually(
      'the damage is met',
      async () => {
        await site.publish(nodes);
        return (await isNoticed()) || undefined;
      },
      60_000,
    );
  },
  log: {
    msg: 'the store cannot keep registrations: devices are told to register later',
    reason: 'damaged',
    hint: 'put a backup in its place or recover it with `sqlite3 FILE .recover`',
  },
  part: 'store',
  reason: 'the store does not answer (damaged)',
  hint: 'Stop, keep a copy of the file, and put a backup in its place or recover it',
  alert: {
    rule: 'SealpostStoreFault',
    says: 'The store of a:9090 cannot be written',
    runbook: '`damaged`: keep a copy before you repair it',
  },
  check: {
    line: /^fail store: the store \S+ is damaged or no SQLite database$/,
    hint: 'Put a backup in its place, or move it away (`sqlite3 FILE .recover` may save most of it)',
  },
});
