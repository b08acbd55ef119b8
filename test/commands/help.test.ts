import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const folder = join(import.meta.dirname, '../../src/commands');

/** Commands' help pages, as the files write them. */
const pages = globSync('**/*.ts', { cwd: folder }).flatMap((file) =>
  [...readFileSync(join(folder, file), 'utf8').matchAll(/^(?:export )?const (\w+Usage) = `(.*?)`;/gms)].map(
    ([, name = '', text = '']) => ({ name, text }),
  ),
);

test('help - the pages are found', () => {
  assert.ok(pages.length >= 12, `${pages.length}`);
});

for (const { name, text } of pages) {
  test(`help - ${name} has usage, an example and exit codes`, () => {
    assert.match(text, /^Usage: sealpost /);
    assert.match(text, /^Examples?:\n {2}\S/m);
    assert.match(text, /^Exit codes?: 0 /m);
  });
}
