import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type BuiltProject, buildProject } from '../support/built.ts';

let built: BuiltProject | undefined;
let project: string;

before(() => {
  built = buildProject();
  project = built.folder;
  copyFileSync(join(import.meta.dirname, '../harness/vendor-example.mjs'), join(project, 'example.test.mjs'));
});
after(() => built?.remove());

/** The vendor's own way to start a component that has nothing of ours in it, with or without a defect. */
function runExample(isCured: boolean) {
  const component = join(import.meta.dirname, '../harness/foreign/component.mjs');
  writeFileSync(
    join(project, 'my-component.mjs'),
    `import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
export async function startMyComponent(service, domain, secret, settings) {
  const file = ${JSON.stringify(join(project, 'settings.json'))};
  writeFileSync(file, JSON.stringify(settings));
  const child = spawn(process.execPath, [${JSON.stringify(component)}, service, domain, secret, file, '${isCured ? 'none' : 'calls-to-first-token'}']);
  return async () => (child.kill(), await once(child, 'exit'));
}
`,
  );
  // Not as a part of this run: its results would be read as ours.
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const args = ['--test', '--test-reporter', 'tap', join(project, 'example.test.mjs')];
  return spawnSync(process.execPath, args, { encoding: 'utf8', env, timeout: 60_000 });
}

test('vendor example - it has twenty lines, and tests a component over the public face of the package', () => {
  const lines = readFileSync(join(import.meta.dirname, '../harness/vendor-example.mjs'), 'utf8')
    .trimEnd()
    .split('\n');
  assert.ok(lines.length <= 21, `${lines.length}`);
  const { status, stdout } = runExample(true);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^# pass 1$/m);
});

test('vendor example - it finds a defect and says what it is', () => {
  const { status, stdout } = runExample(false);
  assert.equal(status, 1);
  assert.match(stdout, /call-offer: the push: its token is first, not second/);
});
