import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Mutant } from './mutant.ts';
import { type Fate, runMutants } from './run.ts';
import { summarise } from './summary.ts';

const files = {
  'src/sum.ts':
    'export const sum = (a: number, b: number): number => a + b;\nexport const isOdd = (n: number) => n % 2 === 1;\n',
  'test/sum.test.ts': `
    import assert from 'node:assert/strict';
    import { test } from 'node:test';
    import { sum } from '../src/sum.ts';
    test('sum - two and three', () => assert.equal(sum(2, 3), 5));
  `,
  'test/loop.test.ts': `
    import { sum } from '../src/sum.ts';
    for (let i = 0; i < 3; i = sum(i, 1));
  `,
  'test/late.test.ts': `
    import assert from 'node:assert/strict';
    import { test } from 'node:test';
    import { sum } from '../src/sum.ts';
    test('sum - one and one', () => assert.equal(sum(1, 1), 2));
    test('sum - for ever', async () => {
      if (sum(1, 1) === 2) return;
      const timer = setInterval(() => {}, 1_000);
      await new Promise(() => timer);
    });
  `,
  'test/mount.test.ts': `
    import assert from 'node:assert/strict';
    import { execFileSync } from 'node:child_process';
    import { mkdtempSync } from 'node:fs';
    import { tmpdir } from 'node:os';
    import { join } from 'node:path';
    import { after, test } from 'node:test';
    import { sum } from '../src/sum.ts';
    const disk = mkdtempSync(join(tmpdir(), 'disk-${process.pid}-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', disk]);
    test('sum - one and one', () => assert.equal(sum(1, 1), 2));
    test('sum - after a while', () => new Promise((resolve) => void setTimeout(resolve, sum(1, 1) === 2 ? 0 : 60_000)));
    after(() => execFileSync('umount', [disk]));
  `,
  'test/broken.test.ts': `
    import { test } from 'node:test';
    test('broken', () => { throw new Error('whatever'); });
  `,
};

const root = await mkdtemp(join(tmpdir(), 'sealpost-run-mutants-'));
before(async () => {
  for (const folder of ['src', 'test', 'node_modules']) await mkdir(join(root, folder));
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, name), text);
});
after(() => rm(root, { recursive: true }));

const minus: Mutant = { file: 'sum.ts', find: 'a + b', replace: 'a - b', breaks: 'Sums.', tests: ['sum.test.ts'] };
const unheld: Mutant = { ...minus, find: '=== 1', replace: '=== 0' };

async function run(mutants: readonly Mutant[], patienceMs = 60_000, jobs = 1) {
  const seen: Fate[] = [];
  const trials = await runMutants({
    root,
    candidates: mutants.map((mutant) => ({ area: 'arithmetic', mutant })),
    jobs,
    signal: new AbortController().signal,
    onTrial: ({ fate }) => seen.push(fate),
    patience: () => patienceMs,
  });
  assert.deepEqual(
    seen,
    trials.map(({ fate }) => fate),
  );
  return trials;
}

test('mutants - one that a test notices is killed by that test, and the next one meets the tree as it was', async () => {
  const trials = await run([minus, unheld]);
  assert.deepEqual(
    trials.map(({ fate }) => fate),
    [{ kind: 'killed', by: 'sum.test.ts: sum - two and three' }, { kind: 'survived' }],
  );
  assert.equal(await readFile(join(root, 'src/sum.ts'), 'utf8'), files['src/sum.ts']);
});

test('mutants - several copies of the tree do not see each other’s mutants', async () => {
  for (const { mutant, fate } of await run([minus, unheld, minus, unheld], 60_000, 2)) {
    assert.equal(fate.kind, mutant === minus ? 'killed' : 'survived');
  }
});

test('mutants - a test that does not end is ended, and the mutant counts as killed by timeout', async () => {
  const [trial] = await run([{ ...minus, tests: ['loop.test.ts'] }], 1_500);
  assert.deepEqual(trial?.fate, { kind: 'timed-out', by: 'loop.test.ts' });
});

test('mutants - after the first test that fails no other is waited for', async () => {
  const [trial] = await run([{ ...minus, tests: ['late.test.ts'] }], 30_000);
  assert.deepEqual(trial?.fate, { kind: 'killed', by: 'late.test.ts: sum - one and one' });
});

test('mutants - a disk that a test mounted before it was ended goes with the copy', async (t) => {
  const [trial] = await run([{ ...minus, tests: ['mount.test.ts'] }]);
  if (trial?.fate.kind === 'unusable') return t.skip('needs the right to mount a tmpfs');
  assert.deepEqual(trial?.fate, { kind: 'killed', by: 'mount.test.ts: sum - one and one' });
  assert.doesNotMatch(readFileSync('/proc/self/mounts', 'utf8'), new RegExp(`/disk-${process.pid}-`));
});

test('mutants - a test that fails without the mutant kills none', async () => {
  const [trial] = await run([{ ...minus, tests: ['broken.test.ts'] }]);
  assert.deepEqual(trial?.fate, { kind: 'unusable', why: 'broken.test.ts fails without the mutant' });
});

test('mutants - one that does not apply, or at two places, is an error of the run', async () => {
  const trials = await run([
    { ...minus, find: 'a * b' },
    { ...minus, find: 'export const ' },
    { ...minus, replace: minus.find },
  ]);
  assert.deepEqual(
    trials.map(({ fate }) => fate),
    [
      { kind: 'unusable', why: 'sum.ts: occurs 0 times, must occur once: a * b' },
      { kind: 'unusable', why: 'sum.ts: occurs 2 times, must occur once: export const ' },
      { kind: 'unusable', why: 'sum.ts: is replaced with itself: a + b' },
    ],
  );
});

const dead: Fate = { kind: 'killed', by: 'sum.test.ts: sum' };
const summariseOf = (...fates: readonly (readonly [number, Fate, Partial<Mutant>?])[]) =>
  summarise(
    fates.flatMap(([count, fate, change]) =>
      Array.from({ length: count }, () => ({ area: 'arithmetic', mutant: { ...minus, ...change }, fate })),
    ),
  );

test('mutants - 97 of 100 must die, and each survivor must be explained', () => {
  const explained = { survives: 'sums are not used' };
  assert.equal(summariseOf([97, dead], [3, { kind: 'survived' }, explained]).isGood, true);
  assert.equal(summariseOf([96, dead], [4, { kind: 'survived' }, explained]).isGood, false);
  assert.equal(summariseOf([99, dead], [1, { kind: 'survived' }]).isGood, false);
  assert.equal(summariseOf([99, dead], [1, { kind: 'unusable', why: 'it does not apply' }, explained]).isGood, false);
  assert.equal(summariseOf().isGood, false);
});

test('mutants - the summary counts timeouts apart and names the survivors', () => {
  const { text } = summariseOf([2, dead], [1, { kind: 'timed-out', by: 'sum.test.ts' }], [1, { kind: 'survived' }]);
  assert.equal(
    text,
    [
      'area        mutants  killed  timed out  survived  not tried    died',
      'arithmetic        4       2          1         1          0  75.0 %',
      'all               4       2          1         1          0  75.0 %',
      '✗ arithmetic sum.ts: Sums.',
      '    nothing noticed "a - b"',
    ].join('\n'),
  );
});
