import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { capabilities } from '../../src/harness/scenarios/capabilities.ts';
import { defaultPatienceMs } from '../../src/harness/runner/trouble.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'harness-capabilities.md'), 'utf8');

test('harness capabilities - the page lists every capability as the code has it, in its order', () => {
  const rows = [...text.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)].map(([, title, about]) => [title, about]).slice(2);
  assert.deepEqual(
    rows,
    Object.values(capabilities).map(({ title, about }) => [title, about]),
  );
});

test('harness capabilities - the page tells the default of --patience', () => {
  assert.ok(text.includes(`(default ${defaultPatienceMs / 1000})`));
});
