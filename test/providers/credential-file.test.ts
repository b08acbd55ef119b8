import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  CredentialError,
  type CredentialFileOptions,
  watchCredentialFile,
} from '../../src/providers/credential-file.ts';
import { manualClock, soon } from '../support/clock.ts';
import { eventually } from '../support/process.ts';
import { quietTelemetry, recordedLog } from '../support/telemetry.ts';

/** A file whose content is the value; `bad` cannot be used. */
function watched(t: TestContext, over: Partial<CredentialFileOptions<string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-watch-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = over.path ?? join(folder, 'key.p8');
  writeFileSync(join(folder, 'key.p8'), 'one');
  const clock = manualClock();
  const { log, lines } = recordedLog();
  const replaced: string[] = [];
  const file = watchCredentialFile<string>({
    app: 'siskin',
    path,
    initial: { value: 'one', content: Buffer.from('one') },
    read(content) {
      const text = Buffer.from(content).toString();
      if (text.startsWith('bad')) throw new CredentialError('is bad', 'put a good one there');
      return text;
    },
    onReplaced: () => void replaced.push(file.current ?? ''),
    clock,
    log,
    metrics: quietTelemetry().metrics,
    ...over,
  });
  t.after(() => file.stop());
  return { folder, path, clock, lines, replaced, file };
}

test('credential file - an unchanged file is not read again and not logged', async (t) => {
  const { file, replaced, lines, path } = watched(t);
  await file.check();
  utimesSync(path, 1, 1);
  await file.check();
  assert.deepEqual([replaced, lines, file.concern], [[], [], undefined]);
});

test('credential file - the file is checked every 30 seconds until it is stopped', async (t) => {
  const { file, clock, path, replaced } = watched(t);
  writeFileSync(path, 'two');
  clock.advance(29_999);
  assert.equal(file.current, 'one');
  clock.advance(1);
  await eventually('the new content', () => (replaced.length === 1 ? true : undefined));
  await eventually('the next look', () => (clock.waiting === 1 ? true : undefined));
  file.stop();
  assert.equal(clock.waiting, 0);
  writeFileSync(path, 'three');
  await file.check();
  assert.equal(file.current, 'two');
});

test('credential file - replaced in place, by rename, and by a link to another folder, with the same size and date', async (t) => {
  const { file, folder, path, replaced } = watched(t);
  writeFileSync(path, 'two');
  await file.check();
  writeFileSync(join(folder, 'new'), 'six');
  renameSync(join(folder, 'new'), path);
  await file.check();
  for (const [i, text] of ['ten', 'men'].entries()) {
    const data = join(folder, `data${i}`);
    mkdirSync(data);
    writeFileSync(join(data, 'key.p8'), text);
    utimesSync(join(data, 'key.p8'), 1, 1);
    symlinkSync(join(data, 'key.p8'), join(folder, 'link'));
    renameSync(join(folder, 'link'), path);
    await file.check();
  }
  assert.deepEqual(replaced, ['two', 'six', 'ten', 'men']);
});

test('credential file - unusable content is logged once, with what to do, and the earlier one stays', async (t) => {
  const { file, path, lines, replaced } = watched(t);
  writeFileSync(path, 'bad');
  for (let look = 0; look < 5; look += 1) await file.check();
  assert.equal(file.current, 'one');
  assert.deepEqual(file.concern, {
    reason: `${path} is bad; the earlier one stays in use`,
    hint: 'put a good one there',
  });
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as { level: number; hint: string }).map(({ level, hint }) => [level, hint]),
    [[40, 'put a good one there']],
  );
  writeFileSync(path, 'bad again');
  await file.check();
  assert.equal(lines.length, 2);
  writeFileSync(path, 'one');
  await file.check();
  assert.deepEqual([file.concern, file.current, replaced], [undefined, 'one', []]);
  writeFileSync(path, 'two');
  await file.check();
  assert.deepEqual([file.concern, file.current], [undefined, 'two']);
});

test('credential file - a missing or too large file is logged, the credentials stay, and all is well once it is back', async (t) => {
  const { file, path, replaced, lines } = watched(t);
  rmSync(path);
  for (let look = 0; look < 5; look += 1) await file.check();
  assert.match(file.concern?.reason ?? '', /cannot be read \(ENOENT\)/);
  assert.equal(lines.length, 1);
  writeFileSync(path, Buffer.alloc(1_048_577));
  for (let look = 0; look < 5; look += 1) await file.check();
  assert.equal(lines.length, 2);
  assert.match(file.concern?.reason ?? '', /cannot be read \(EFBIG\)/);
  assert.equal(file.current, 'one');
  writeFileSync(path, 'one');
  await file.check();
  assert.deepEqual([file.concern, replaced], [undefined, []]);
});

test('credential file - a pipe does not hang the check and changes nothing', async (t) => {
  const { file, path } = watched(t);
  rmSync(path);
  execFileSync('mkfifo', [path]);
  await soon('the look at a pipe', file.check());
  assert.deepEqual([file.current, file.concern], ['one', undefined]);
});

test('credential file - simultaneous checks become two: one under way and one after it', async (t) => {
  let reads = 0;
  const release = Promise.withResolvers<void>();
  const { file, path } = watched(t, {
    async read(content) {
      reads += 1;
      await release.promise;
      return Buffer.from(content).toString();
    },
  });
  writeFileSync(path, 'two');
  const first = file.check();
  await eventually('the first look', () => (reads === 1 ? true : undefined));
  writeFileSync(path, 'three');
  const all = Promise.all([first, ...Array.from({ length: 10 }, () => file.check())]);
  release.resolve();
  await all;
  assert.deepEqual([reads, file.current], [2, 'three']);
});
