import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { parseConfigText } from '../../src/config/config.ts';
import { createSources } from '../config/files.ts';
import { startOperated } from '../support/operator.ts';

const read = (page: string) => readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8');

/** Fenced blocks of a page, without the indentation of the list that they are in. */
function blocksOf(page: string, language: string): string[] {
  const fenced = new RegExp(`^( *)\`\`\`${language}\\n(.*?)^ *\`\`\``, 'gms');
  return [...read(page).matchAll(fenced)].map(([, indent = '', block = '']) =>
    block.replaceAll(`\n${indent}`, '\n').trim(),
  );
}

const link = `xmpp: [{ service: xmpp://127.0.0.1:5347, domain: push.example.com, secret: s3cret }]\nstore: sqlite:sealpost.db\n`;

for (const page of ['apns.md', 'fcm.md']) {
  test(`docs - the apps of docs/${page} are configs that work`, () => {
    const blocks = blocksOf(page, 'yaml');
    assert.equal(blocks.length, 1);
    for (const block of blocks) assert.equal(parseConfigText(link + block, createSources()).apps.length, 1);
  });
}

test('docs - the backup of docs/keeping.md is a whole store, made while the server runs', async (t) => {
  const { register, folder } = await startOperated(t);
  const node = await register({
    account: 'romeo@localhost',
    provider: 'tigase:messenger:apns:1',
    token: 'ab'.repeat(32),
  });
  const [, file = '', statement = ''] =
    /^sqlite3 'file:(\S+)\?mode=ro' "(.*)"$/m.exec(blocksOf('keeping.md', 'sh').join('\n')) ?? [];
  const copy = join(folder, 'backup.db');
  const running = new DatabaseSync(file.replace('/var/lib/sealpost', folder), { readOnly: true });
  running.exec(statement.replace('/var/backups/sealpost.db', copy));
  running.close();
  const backup = new DatabaseSync(copy, { readOnly: true });
  assert.deepEqual(
    backup
      .prepare('SELECT node FROM registration')
      .all()
      .map(({ node: stored }) => stored),
    [node],
  );
  assert.deepEqual(
    backup
      .prepare('PRAGMA integrity_check')
      .all()
      .map((row) => Object.values(row)),
    [['ok']],
  );
  backup.close();
});
