import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { ConfigOrigin } from '../../src/config/config.ts';
import { type ExposureOptions, warnOfExposure } from '../../src/config/exposure.ts';
import { recordedLog } from '../support/telemetry.ts';

/** The real ones, but everybody may enter the folder that temporary files lie in. */
const outside = realpathSync(tmpdir());
const files = {
  realpath: (path: string) => realpathSync(path),
  stat: (path: string) => (path.startsWith(`${outside}/`) ? statSync(path) : { mode: 0o755, uid: 0 }),
};

/** What is warned of: the names of the files and the messages. */
function warningsOf(origin: Partial<ConfigOrigin>, options: Partial<ExposureOptions> = {}): string[] {
  const { log, lines } = recordedLog();
  const all = { holdsSecrets: false, secretFiles: [], ...origin };
  warnOfExposure({ origin: all, files, uid: process.getuid?.(), log, ...options });
  return lines.map((line) => {
    const { level, file, hint, msg } = JSON.parse(line) as Record<string, unknown>;
    assert.equal(level, 40);
    assert.match(String(hint), /chmod 600/);
    return `${String(file).split('/').at(-1)}: ${String(msg)}`;
  });
}

/** A folder that everybody may enter, with a file of this mode. */
function fileOf(t: TestContext, mode: number, name = 'file'): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-exposure-'));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  const file = join(folder, name);
  writeFileSync(file, 'juliet');
  chmodSync(file, mode);
  return file;
}

const modes: readonly [number, string[], string[]][] = [
  [0o600, [], []],
  [0o400, [], []],
  [0o711, [], []],
  [0o640, ['read'], []],
  [0o604, ['read'], []],
  [0o620, ['change'], ['change']],
  [0o602, ['change'], ['change']],
  [0o644, ['read'], []],
  [0o666, ['read', 'change'], ['change']],
];

for (const [mode, secret, config] of modes) {
  const written = `0${mode.toString(8)}`;
  const expected = (can: readonly string[], what: string) =>
    can.length === 0 ? [] : [`file: other users can ${can.join(' and ')} a file ${what}`];

  test(`exposure - a file with secrets of the mode ${written}`, (t) => {
    const file = fileOf(t, mode);
    assert.deepEqual(warningsOf({ secretFiles: [file] }), expected(secret, 'with secrets'));
    assert.deepEqual(warningsOf({ file, holdsSecrets: true }), expected(secret, 'with secrets'));
  });

  test(`exposure - a config without secrets of the mode ${written}`, (t) => {
    assert.deepEqual(warningsOf({ file: fileOf(t, mode) }), expected(config, 'of the config'));
  });
}

test('exposure - one line for each file', (t) => {
  const [key, other, config] = [fileOf(t, 0o666, 'key'), fileOf(t, 0o644, 'other'), fileOf(t, 0o666, 'config')];
  assert.deepEqual(warningsOf({ file: config, secretFiles: [key, other] }), [
    'key: other users can read and change a file with secrets',
    'other: other users can read a file with secrets',
    'config: other users can change a file of the config',
  ]);
});

test('exposure - the way to a file counts, not the links to it', (t) => {
  const file = fileOf(t, 0o666, 'deep');
  const link = join(file, '..', 'link');
  symlinkSync(file, link);
  assert.equal(warningsOf({ secretFiles: [link] }).length, 1);
  chmodSync(join(file, '..'), 0o700);
  assert.deepEqual(warningsOf({ secretFiles: [link] }), []);
  chmodSync(join(file, '..'), 0o710);
  assert.equal(warningsOf({ secretFiles: [link] }).length, 1);

  const closed = join(file, '..', 'closed');
  mkdirSync(join(closed, 'open'), { recursive: true });
  chmodSync(join(file, '..'), 0o755);
  chmodSync(join(closed, 'open'), 0o755);
  writeFileSync(join(closed, 'open', 'key'), 'juliet');
  chmodSync(join(closed, 'open', 'key'), 0o666);
  chmodSync(closed, 0o700);
  assert.deepEqual(warningsOf({ secretFiles: [join(closed, 'open', 'key')] }), []);
});

test('exposure - the group is how we read what belongs to somebody else', () => {
  const owned = (uid: number, mode: number) => ({
    realpath: (path: string) => path,
    stat: (path: string) => (path === '/secrets/key' ? { mode, uid } : { mode: 0o755, uid: 0 }),
  });
  const warnings = (uid: number, mode: number) =>
    warningsOf({ secretFiles: ['/secrets/key'] }, { files: owned(uid, mode), uid: 1000 }).length;
  assert.deepEqual([warnings(0, 0o640), warnings(1000, 0o640)], [0, 1]);
  assert.deepEqual([warnings(0, 0o660), warnings(0, 0o644), warnings(0, 0o400)], [1, 1, 0]);
});

test('exposure - a file that is gone, and a system without such permissions, are no reason to warn', (t) => {
  assert.deepEqual(warningsOf({ secretFiles: ['/nowhere/key'] }), []);
  assert.deepEqual(warningsOf({ secretFiles: [fileOf(t, 0o666)] }, { uid: undefined }), []);
});
