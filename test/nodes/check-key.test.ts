import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkNodeKey } from '../../src/nodes/check-key.ts';
import { createSecret } from '../support/secret.ts';

const key = Buffer.alloc(32, 7).toString('base64');
const none = { previousKeys: [], maxLength: 250 };

test('node key check - one in the config or beside the store passes, with the reminder of a copy, and none is made', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-key-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [store, file] = [join(folder, 'sealpost.db'), join(folder, 'node.key')];
  assert.deepEqual(checkNodeKey({ ...none, key: createSecret(key) }, undefined), {
    status: 'pass',
    message: 'the node key is in the config; keep a copy of it with the provider keys',
  });

  const missing = checkNodeKey(none, store);
  assert.deepEqual(
    [missing.status, missing.message],
    ['warn', `there is no node key ${file} yet; the next start makes it`],
  );
  assert.match(missing.hint ?? '', /^Back it up after the first start/);
  assert.deepEqual(readdirSync(folder), []);

  writeFileSync(store, '');
  assert.match(checkNodeKey(none, store).hint ?? '', /^Put its backup in its place/);

  writeFileSync(file, `${key}\n`);
  const found = checkNodeKey(none, store);
  assert.deepEqual(found, {
    status: 'pass',
    message: `the node key is ${file}; keep a copy of it with the provider keys`,
  });
  assert.ok(!JSON.stringify(found).includes(key));

  writeFileSync(file, 'half a key');
  const damaged = checkNodeKey(none, store);
  assert.deepEqual([damaged.status, damaged.message], ['fail', `${file} holds no node key`]);
  assert.match(damaged.hint ?? '', /Put the backup of the file in its place/);
});

test('node key check - behind PostgreSQL the config has to have one', () => {
  const { status, message, hint } = checkNodeKey(none, undefined);
  assert.deepEqual([status, message], ['fail', 'there is no node key']);
  assert.match(hint ?? '', /openssl rand -base64 32/);
});
