import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type BuiltProject, buildProject } from '../support/built.ts';

let built: BuiltProject | undefined;
before(() => {
  built = buildProject();
  rmSync(join(built.mainFile, '..', 'devices.js'));
});
after(() => built?.remove());

const run = (...args: string[]) =>
  spawnSync(process.execPath, [built?.mainFile ?? '', ...args], { encoding: 'utf8', timeout: 60_000 });

test('broken installation - a command whose file is missing names that file', () => {
  const { status, stderr } = run('devices', 'list');
  assert.equal(status, 1);
  assert.match(stderr, /^sealpost: cannot load "devices": Cannot find module '[^']*devices\.js'[^\n]*\n$/);
});

test('broken installation - other commands and the general help page do without it', () => {
  for (const args of [['--help'], ['--version'], ['stats', '--help']]) {
    const { status, stderr } = run(...args);
    assert.deepEqual([status, stderr], [0, ''], args.join(' '));
  }
});
