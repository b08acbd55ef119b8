import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scenarios } from '../../src/harness/scenarios/all.ts';

const root = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(root, 'docs', 'encrypted-push-findings.md'), 'utf8');

test('findings - they are numbered without a gap, and each ends in a wording', () => {
  const findings = text.split(/^## /m).slice(1);
  assert.ok(findings.length >= 8);
  for (const [index, finding] of findings.entries()) {
    assert.match(finding, new RegExp(`^${index + 1}\\. .+ \\[\\d`));
    assert.match(finding, /^> \S/m);
  }
});

test('findings - what they say to be held by a scenario or a test is held', () => {
  const ids = new Set(scenarios.map(({ id }) => id));
  const body = text.slice(text.indexOf('## 1.'));
  const named = [...body.matchAll(/\(`([^`]+)`(?:, `([^`]+)`)?\)/g)].flatMap(([, ...names]) => names.filter(Boolean));
  assert.ok(named.length >= 8);
  for (const name of named) assert.ok(ids.has(name) || existsSync(join(root, name)), name);
});
