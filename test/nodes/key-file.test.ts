import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { NodeKeyError, readOrMakeKeyFile, rewriteKeyFile } from '../../src/nodes/key-file.ts';
import { formatNodeKey, parseNodeKey } from '../../src/nodes/node-key.ts';
import { openNodeNames } from '../../src/nodes/open-node-names.ts';
import { sealedConventions } from '../../src/conventions/all.ts';
import { createSecret } from '../support/secret.ts';
import { recordedLog } from '../support/telemetry.ts';

const phone = {
  app: 'siskin',
  convention: 'tigase',
  account: 'romeo@example.net',
  device: 'ab'.repeat(32),
  token: 'ab'.repeat(32),
  withSecret: false,
};
const key = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
const keyText = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-key-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function openNames(folder: string, config: { key?: string; previousKeys?: string[] } = {}) {
  const { log, lines } = recordedLog();
  const names = openNodeNames({
    config: {
      ...(config.key !== undefined && { key: createSecret(config.key) }),
      previousKeys: (config.previousKeys ?? []).map(createSecret),
      maxLength: 250,
    },
    storePath: join(folder, 'sealpost.db'),
    conventions: sealedConventions,
    randomBytes,
    log,
  });
  return { names, lines };
}

test('node key - its text is 32 bytes in base64 and lines that say which other nodes exist', () => {
  assert.deepEqual(parseNodeKey(`${keyText}\n`), { key, unsealed: new Set() });
  assert.deepEqual(parseNodeKey(keyText.replace('=', '')), { key, unsealed: new Set() });
  const both = { key, unsealed: new Set(['random', 'imported'] as const) };
  assert.equal(formatNodeKey(both), `${keyText}\nrandom-nodes\nimported-nodes\n`);
  assert.deepEqual(parseNodeKey(formatNodeKey(both)), both);
  const alike = Buffer.alloc(32, 0xfb);
  assert.deepEqual(parseNodeKey(alike.toString('base64url'))?.key, parseNodeKey(alike.toString('base64'))?.key);
  for (const wrong of ['', ' \n', 'AAEC', `${keyText}A`, `A${keyText}`, 'ab'.repeat(32), `${keyText}\nrandom`, '€']) {
    assert.equal(parseNodeKey(wrong), undefined, wrong);
  }
});

test('node key - one is made beside the store, for its owner alone, and kept; the log says once to back it up', (t) => {
  const folder = folderOf(t);
  const first = openNames(folder);
  const path = join(folder, 'node.key');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.match(readFileSync(path, 'utf8'), /^[A-Za-z0-9+/]{43}=\n$/);
  assert.equal(first.lines.length, 1);
  assert.match(
    first.lines[0] ?? '',
    /"level":40.*"hint":"Back it up with the provider keys: .*"msg":"made a node key"/,
  );
  assert.ok(!first.lines[0]?.includes(readFileSync(path, 'utf8').slice(0, 43)));
  const again = openNames(folder);
  assert.deepEqual(again.lines, []);
  assert.equal(again.names.make(phone).node, first.names.make(phone).node);
  assert.deepEqual(readdirSync(folder), ['node.key']);
});

test('node key - two processes that start at once have the same one', (t) => {
  const path = join(folderOf(t), 'node.key');
  const other = readOrMakeKeyFile({ path: `${path}.other`, randomBytes }).nodeKey;
  // The other process makes its key after this one saw none and before this one links its own into place.
  const hasty = (size: number): Uint8Array => {
    if (size === 6 && !existsSync(path)) writeFileSync(path, formatNodeKey(other));
    return randomBytes(size);
  };
  const { nodeKey, isNew } = readOrMakeKeyFile({ path, randomBytes: hasty });
  assert.equal(isNew, false);
  assert.deepEqual(nodeKey, other);
});

test('node key - what cannot be read or is none is refused in words, and left as it is', (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'node.key');
  for (const text of ['', 'secret\n', keyText.slice(0, 20), `${keyText}\nnodes-of-a-later-version\n`]) {
    writeFileSync(path, text);
    assert.throws(
      () => openNames(folder),
      (error) =>
        error instanceof NodeKeyError && error.message.startsWith(`${path} holds no node key\n    Put the backup`),
    );
    assert.equal(readFileSync(path, 'utf8'), text);
  }
  rmSync(path);
  assert.throws(
    () => readOrMakeKeyFile({ path: join(folder, 'no\0name', 'node.key'), randomBytes }),
    (error) => error instanceof NodeKeyError && /cannot read the node key/.test(error.message),
  );
  writeFileSync(join(folder, 'file'), '');
  assert.throws(
    () => readOrMakeKeyFile({ path: join(folder, 'file', 'node.key'), randomBytes }),
    (error) =>
      error instanceof NodeKeyError && /^cannot read the node key .* \(ENOTDIR\)\n {4}The user/.test(error.message),
  );
});

test('node key - what only root may read is refused with the reason', { skip: process.getuid?.() === 0 }, (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'node.key'), keyText);
  chmodSync(join(folder, 'node.key'), 0);
  assert.throws(
    () => openNames(folder),
    (error) => error instanceof NodeKeyError && /\(EACCES\)/.test(error.message),
  );
});

test('node key - that older nodes exist is written into the file, beside what stands there', (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'node.key');
  const { names, lines } = openNames(folder);
  const made = readFileSync(path, 'utf8');
  names.noteUnsealed(new Set(['random']));
  names.noteUnsealed(new Set(['random']));
  assert.equal(readFileSync(path, 'utf8'), `${made}random-nodes\n`);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(lines.length, 2);
  // Another process knows of others.
  openNames(folder).names.noteUnsealed(new Set(['imported']));
  names.noteUnsealed(new Set(['imported']));
  assert.equal(readFileSync(path, 'utf8'), `${made}random-nodes\nimported-nodes\n`);
  assert.equal(openNames(folder).names.mayBeOurs('x'.repeat(32)), true);
  assert.equal(names.missingLines, '');
  assert.deepEqual(readdirSync(folder), ['node.key']);
});

test('node key - another key in the file by now is not overwritten', (t) => {
  const path = join(folderOf(t), 'node.key');
  const { nodeKey } = readOrMakeKeyFile({ path, randomBytes });
  writeFileSync(path, `${keyText}\n`);
  assert.throws(() => rewriteKeyFile({ path, randomBytes }, nodeKey), NodeKeyError);
  assert.equal(readFileSync(path, 'utf8'), `${keyText}\n`);
});

test('node key - one in the config is used, no file is made, and what it does not say is named', (t) => {
  const folder = folderOf(t);
  const { names } = openNames(folder, { key: keyText });
  assert.deepEqual(readdirSync(folder), []);
  const random = 'Tq3vK0aWm_Xh2ZsY-b7RfLd9cUeJpG4N';
  assert.equal(names.mayBeOurs(random), false);
  names.noteUnsealed(new Set(['random', 'imported']));
  assert.equal(names.missingLines, 'random-nodes, imported-nodes');
  assert.equal(names.mayBeOurs(random), true);
  const told = openNames(folder, { key: `${keyText}\nrandom-nodes` });
  assert.equal(told.names.mayBeOurs(random), true);
  told.names.noteUnsealed(new Set(['random']));
  assert.equal(told.names.missingLines, '');
});

test('node key - previous keys open and do not seal', (t) => {
  const folder = folderOf(t);
  const old = openNames(folder, { key: keyText }).names;
  const { names } = openNames(folder, { previousKeys: [`${keyText}\nimported-nodes`] });
  const { node } = old.make(phone);
  assert.equal(names.open(node)?.kind, 'registration');
  assert.notEqual(names.make(phone).node, node);
  assert.equal(old.open(names.make(phone).node), undefined);
  assert.equal(names.mayBeOurs('eKxTS5n3bOe0'), true);
});

test('node key - where registrations are in no file, the config has to have a key', () => {
  assert.throws(
    () =>
      openNodeNames({
        config: { previousKeys: [], maxLength: 250 },
        storePath: undefined,
        conventions: sealedConventions,
        randomBytes,
        log: recordedLog().log,
      }),
    /there is no node key\n {4}Make one/,
  );
});
