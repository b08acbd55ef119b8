import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { applyMutant } from './mutant.ts';
import { areas } from './table/all.ts';

const root = join(import.meta.dirname, '..', '..');

for (const [area, mutants] of Object.entries(areas)) {
  test(`mutants - every mutant of ${area} applies to the server as it stands and is still a program`, () => {
    for (const mutant of mutants) {
      const changed = applyMutant(readFileSync(join(root, 'src', mutant.file), 'utf8'), mutant);
      assert.doesNotThrow(() => stripTypeScriptTypes(changed), `${mutant.file}: ${mutant.replace}`);
    }
  });

  test(`mutants - every mutant of ${area} says what it breaks and names tests that exist`, () => {
    for (const { file, find, breaks, tests } of mutants) {
      assert.match(breaks, /^\S.*\.$/, `${file}: ${find}`);
      assert.ok(tests.length > 0, `${file}: ${find}`);
      for (const name of tests) assert.ok(existsSync(join(root, 'test', name)), `${file}: no test/${name}`);
    }
  });

  test(`mutants - ${area} has no mutant twice`, () => {
    const changes = mutants.map(({ file, find, replace }) => JSON.stringify([file, find, replace]));
    assert.equal(new Set(changes).size, changes.length);
  });
}
