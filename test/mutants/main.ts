/**
 * Applies each mutant of the tables to a copy of the tree and runs the tests that cover it: what lives is a line that
 * nothing holds. By hand: `npm run mutants -- [--only AREA|FILE]… [--jobs N]`. Exit code 1 when too many live or one lives
 * without an explanation. (`npm run mutate` is about the harness instead: whether its scenarios notice a wrong row in the
 * tables of a running server.)
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Candidate, runMutants } from './run.ts';
import { describeTrial, summarise } from './summary.ts';
import { areas } from './table/all.ts';

const { values } = parseArgs({
  options: {
    /** Name of a table, or a file or folder below `src/`. */
    only: { type: 'string', multiple: true },
    jobs: { type: 'string', default: '2' },
  },
});

const all = Object.entries(areas).flatMap(([area, mutants]) => mutants.map((mutant): Candidate => ({ area, mutant })));

function choose(only: string): readonly Candidate[] {
  const path = only.replace(/^src\//, '');
  const chosen = all.filter(
    ({ area, mutant: { file } }) => area === only || file === path || file.startsWith(`${path.replace(/\/$/, '')}/`),
  );
  if (chosen.length > 0) return chosen;
  throw new Error(`--only ${only}: no such area or file; areas: ${Object.keys(areas).toSorted().join(', ')}`);
}

const jobs = Number(values.jobs);
if (!Number.isInteger(jobs) || jobs < 1) throw new Error(`--jobs ${values.jobs}: must be a whole number from 1`);

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());

const candidates = values.only ? [...new Set(values.only.flatMap(choose))] : all;
console.log(`${candidates.length} mutants; their tests run without any first`);
const trials = await runMutants({
  root: join(import.meta.dirname, '..', '..'),
  candidates,
  jobs,
  signal: interruption.signal,
  onTrial: (trial) => console.log(describeTrial(trial)),
});
const { text, isGood } = summarise(trials);
console.log(`\n${text}`);
process.exitCode = isGood ? 0 : 1;
