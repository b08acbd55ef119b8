import type { Mutant } from './mutant.ts';
import { copyTree, type Ending, type Tree } from './tree.ts';

/** A mutant and the name of its table. */
export interface Candidate {
  readonly area: string;
  readonly mutant: Mutant;
}

/** What became of a mutant. */
export type Fate =
  /** A test failed. */
  | { readonly kind: 'killed'; readonly by: string }
  /** A test file that ends without the mutant did not end with it. */
  | { readonly kind: 'timed-out'; readonly by: string }
  /** All tests passed. */
  | { readonly kind: 'survived' }
  /** Nothing was learned: the mutant does not apply, or a test fails without it too. */
  | { readonly kind: 'unusable'; readonly why: string };

export interface Trial extends Candidate {
  readonly fate: Fate;
}

export interface RunOptions {
  /** Folder with `src/`, `test/` and `node_modules/`. */
  readonly root: string;
  readonly candidates: readonly Candidate[];
  /** Copies of the tree in which mutants are tried at a time. */
  readonly jobs: number;
  readonly signal: AbortSignal;
  /** Called as each is decided; the order of the candidates is not kept. */
  readonly onTrial: (trial: Trial) => void;
  /** How long a test may take that took so long without a mutant, milliseconds. */
  readonly patience?: (durationMs: number) => number;
}

/** Far more than chance and a busy machine make of it. */
const usualPatience = (durationMs: number) => 30_000 + 5 * durationMs;

/** For tests without a mutant: as long as `npm test` gives them. */
const longestMs = 300_000;

/** Tries each mutant in a copy of the tree. Runs every test without any mutant first, so that one that fails kills none. */
export async function runMutants(options: RunOptions): Promise<readonly Trial[]> {
  const { root, candidates, jobs, signal, onTrial, patience = usualPatience } = options;
  await using trees = new AsyncDisposableStack();
  const copies: Tree[] = [];
  for (let i = 0; i < jobs; i += 1) copies.push(trees.use(await copyTree(root, signal)));

  const unchanged = new Map<string, Ending>();
  await share(copies, new Set(candidates.flatMap(({ mutant }) => mutant.tests)), async (tree, file) => {
    const first = await tree.runTest(file, longestMs);
    unchanged.set(file, first.kind === 'passed' ? first : await tree.runTest(file, longestMs));
  });

  async function tryTests(tree: Tree, { tests }: Mutant): Promise<Fate> {
    for (const file of tests) {
      const usual = unchanged.get(file);
      if (usual?.kind !== 'passed') return { kind: 'unusable', why: `${file} fails without the mutant` };
      const ending = await tree.runTest(file, patience(usual.durationMs));
      if (ending.kind === 'failed') return { kind: 'killed', by: `${file}: ${ending.what}` };
      if (ending.kind === 'timed-out') return { kind: 'timed-out', by: file };
    }
    return { kind: 'survived' };
  }

  const trials: Trial[] = [];
  await share(copies, candidates, async (tree, candidate) => {
    const { mutant } = candidate;
    const fate = await tree
      .withMutant(mutant, () => tryTests(tree, mutant))
      .catch((error: Error): Fate => {
        signal.throwIfAborted();
        return { kind: 'unusable', why: error.message };
      });
    const trial = { ...candidate, fate };
    trials.push(trial);
    onTrial(trial);
  });
  return trials;
}

/** Hands the items out to the workers, each as soon as a worker is free. Rejects when one fails, after all have ended. */
async function share<Worker, Item>(
  workers: readonly Worker[],
  items: Iterable<Item>,
  work: (worker: Worker, item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const results = await Promise.allSettled(
    workers.map(async (worker) => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(worker, item);
    }),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
