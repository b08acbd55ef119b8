import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'sealpost-release-'));
after(() => rmSync(folder, { recursive: true }));

const who = { name: 'Somebody', email: 'somebody@example.com' };
const env = {
  ...process.env,
  ...Object.fromEntries(
    ['AUTHOR', 'COMMITTER'].flatMap((role) => [
      [`GIT_${role}_NAME`, who.name],
      [`GIT_${role}_EMAIL`, who.email],
    ]),
  ),
};
const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, env, encoding: 'utf8' }).trim();
const release = (...args: string[]) => spawnSync('.ci/release', args, { cwd: folder, env, encoding: 'utf8' });
const read = (file: string) => readFileSync(join(folder, file), 'utf8');

// A copy whose checks and tests pass at once: this test is one of them.
execFileSync('git', ['clone', '--quiet', root, folder], { env });
symlinkSync(realpathSync(join(root, 'node_modules')), join(folder, 'node_modules'));
appendFileSync(join(folder, '.git/info/exclude'), 'node_modules\n');
writeFileSync(join(folder, '.ci/run'), '#!/bin/sh\nexit "${RESULT:-0}"\n', { mode: 0o755 });
git('commit', '--quiet', '--all', '--message', 'tests: pass');
const start = git('rev-parse', 'HEAD');

for (const [what, args, message] of [
  ['no version', [], /name the version/],
  ['a version that is none', ['next'], /name the version/],
] as const) {
  test(`release - ${what} is refused`, () => {
    const { status, stderr } = release(...args);
    assert.equal(status, 1);
    assert.match(stderr, message);
    assert.equal(git('status', '--porcelain'), '');
  });
}

test('release - it does not begin while something is not committed', () => {
  writeFileSync(join(folder, 'left-over'), '');
  const { status, stderr } = release('9.8.7');
  rmSync(join(folder, 'left-over'));
  assert.equal(status, 1);
  assert.match(stderr, /not committed/);
  assert.equal(git('status', '--porcelain'), '');
});

test('release - where a test fails, nothing is committed and nothing tagged', () => {
  const { status } = spawnSync('.ci/release', ['9.8.7'], {
    cwd: folder,
    env: { ...env, RESULT: '1' },
    encoding: 'utf8',
  });
  assert.notEqual(status, 0);
  assert.deepEqual([git('rev-parse', 'HEAD'), git('tag', '--list', 'v9.8.7')], [start, '']);
  git('checkout', '--quiet', '.');
});

test('release - it writes the version everywhere, commits, tags, packs, and lists what the package is made of', () => {
  const { status, stderr, stdout } = release('9.8.7');
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^v9\.8\.7 .* is committed and tagged/m);
  assert.equal(git('rev-parse', 'v9.8.7^{commit}'), git('rev-parse', 'HEAD'));
  assert.equal(git('status', '--porcelain'), '');

  const changed = git('diff', '--name-only', start, 'HEAD').split('\n');
  assert.deepEqual(changed, [
    'CHANGELOG.md',
    'deploy/kubernetes/statefulset.yaml',
    'docs/deploying.md',
    'package-lock.json',
    'package.json',
  ]);
  assert.match(read('CHANGELOG.md'), /^## \[Unreleased\]\n\n## \[9\.8\.7\] - \d{4}-\d\d-\d\d\n\n### /m);
  assert.match(read('deploy/kubernetes/statefulset.yaml'), /image: sealpost:9\.8\.7 /);
  assert.match(read('docs/deploying.md'), /sealpost-9\.8\.7\.tgz/);
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { version: string }> };
  assert.equal(packages['']?.version, '9.8.7');
  // No dependency changed with it.
  const lines = git('diff', '--numstat', start, 'HEAD', '--', 'package-lock.json', 'package.json').split('\n');
  assert.deepEqual(
    lines.map((line) => line.split('\t').slice(0, 2)),
    [
      ['2', '2'],
      ['1', '1'],
    ],
  );

  assert.deepEqual(readdirSync(join(folder, 'release')).toSorted(), ['sealpost-9.8.7.cdx.json', 'sealpost-9.8.7.tgz']);
  const bill = JSON.parse(read('release/sealpost-9.8.7.cdx.json')) as {
    readonly bomFormat: string;
    readonly metadata: { readonly component: { readonly version: string } };
    readonly components: readonly { readonly name: string }[];
  };
  assert.deepEqual([bill.bomFormat, bill.metadata.component.version], ['CycloneDX', '9.8.7']);
  const names = bill.components.map(({ name }) => name);
  for (const name of ['fastify', 'pg', 'zod']) assert.ok(names.includes(name), name);
  for (const name of ['typescript', 'prettier', 'fast-check']) assert.ok(!names.includes(name), name);
});

test('release - the package has the licence of each library that it holds', () => {
  const packed = (file: string) => {
    const archive = join(folder, 'release/sealpost-9.8.7.tgz');
    return execFileSync('tar', ['-xzOf', archive, `package/dist/bundle/${file}`], { encoding: 'utf8' });
  };
  const libraries = JSON.parse(packed('packages.json')) as readonly {
    readonly name: string;
    readonly version: string;
  }[];
  assert.ok(libraries.length > 50, `${libraries.length}`);
  const licences = packed('THIRD-PARTY.txt');
  for (const { name, version } of libraries) assert.ok(licences.includes(`${name} ${version} (`), name);
  assert.match(licences, /Copyright \(c\) Matteo Collina and Undici contributors/);
});

test('release - a version is released once', () => {
  const { status, stderr } = release('9.8.7');
  assert.equal(status, 1);
  assert.match(stderr, /the tag v9\.8\.7 exists/);
});
