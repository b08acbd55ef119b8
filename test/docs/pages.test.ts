import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { anchorsIn, linksIn, pathsIn } from './links.ts';

const root = join(import.meta.dirname, '../..');
const pages = ['README.md', 'CHANGELOG.md', ...globSync('docs/*.md', { cwd: root }).toSorted()];
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** What is wrong with a link of a page; undefined: nothing. */
function brokenLink(page: string, target: string): string | undefined {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : relative(root, join(root, dirname(page), path));
  if (!existsSync(join(root, file))) return `${page}: no file ${file}`;
  if (anchor === undefined || anchorsIn(read(file)).includes(anchor)) return undefined;
  return `${page}: no #${anchor} in ${file}`;
}

test('docs - README.md has at most 180 lines', () => {
  assert.ok(read('README.md').trimEnd().split('\n').length <= 180);
});

for (const page of pages) {
  test(`docs - ${page}: every link leads somewhere, anchors too`, () => {
    const own = linksIn(read(page)).filter((target) => !/^[a-z]+:/.test(target));
    assert.deepEqual(
      own.map((target) => brokenLink(page, target)).filter((problem) => problem !== undefined),
      [],
    );
  });
}

// A changelog names what is gone, too.
for (const page of pages.filter((path) => path !== 'CHANGELOG.md')) {
  test(`docs - ${page}: every path that it names exists`, () => {
    const missing = pathsIn(read(page)).filter((path) => !existsSync(join(root, path)));
    assert.deepEqual(missing, []);
  });
}

test('docs - every page is linked from README.md', () => {
  const linked = new Set(linksIn(read('README.md')));
  // Reached from the page of the harness.
  const ofHarness = linksIn(read('docs/harness.md'));
  assert.ok(linked.has('docs/harness.md'));
  const others = new Set([...ofHarness.map((path) => join('docs', path)), ...ofHarness, 'README.md']);
  assert.deepEqual(
    pages.filter((page) => !linked.has(page) && !others.has(page)),
    [],
  );
});

test('docs - every room of the code is in the architecture', () => {
  const text = read('docs/architecture.md');
  const rooms = globSync('src/**/*.ts', { cwd: root })
    .map((file) => dirname(file).split('/').slice(0, 3).join('/'))
    // Parts of a room that the page describes as a whole.
    .filter((room) => room !== 'src' && !/^src\/(?:harness|commands|config)\//.test(room));
  assert.ok(rooms.includes('src/providers/apns'));
  assert.deepEqual(
    [...new Set(rooms)].filter((room) => !text.includes(`\`${room}\``)),
    [],
  );
});

test('docs - the config in README.md is the example of docs/configuration.md', () => {
  const exampleIn = (text: string) => /```yaml\n(.*?)```/s.exec(text)?.[1];
  assert.ok(exampleIn(read('README.md')));
  assert.equal(exampleIn(read('README.md')), exampleIn(read('docs/configuration.md')));
});

test('docs - links, anchors and paths are found where they stand, and nowhere else', () => {
  const text =
    '# A `b[]` & c\n## Same\n## Same\n[x](y.md#z) `src/a.ts` `node test/b.ts` `src/*.ts`\n```\n# no\n[n](o)\n```\n';
  assert.deepEqual(anchorsIn(text), ['a-b--c', 'same', 'same-1']);
  assert.deepEqual(linksIn(text), ['y.md#z']);
  assert.deepEqual(pathsIn(text), ['src/a.ts', 'test/b.ts']);
  assert.equal(
    brokenLink('docs/guard.md', 'metrics.md#no-such-heading'),
    'docs/guard.md: no #no-such-heading in docs/metrics.md',
  );
  assert.equal(brokenLink('docs/guard.md', 'no-such.md'), 'docs/guard.md: no file docs/no-such.md');
});
