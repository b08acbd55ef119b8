/** A copy of the source tree in which one file at a time is changed while tests run. */
import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { applyMutant, type Mutant } from './mutant.ts';

/** How a test file ended. */
export type Ending =
  | { readonly kind: 'passed'; readonly durationMs: number }
  /** `what`: the first test that failed, or how the process ended. */
  | { readonly kind: 'failed'; readonly what: string }
  | { readonly kind: 'timed-out' };

export interface Tree extends AsyncDisposable {
  /**
   * Runs a file below `test/` in a process of its own, up to the first test that fails; everything it started is ended
   * then, or after the time.
   */
  runTest(file: string, timeoutMs: number): Promise<Ending>;
  /**
   * Runs `work` while the mutant is in the tree.
   * @throws Error when the mutant does not apply
   */
  withMutant<T>(mutant: Mutant, work: () => Promise<T>): Promise<T>;
}

/** Not copied: linked, made by builds and runs, or of no use to tests. */
const leftOut: ReadonlySet<string> = new Set(['node_modules', '.git', 'dist', 'data', 'coverage']);

/**
 * @param root folder with `src/`, `test/` and `node_modules/`
 * @param signal ends the test that is running
 */
export async function copyTree(root: string, signal: AbortSignal): Promise<Tree> {
  const folder = await mkdtemp(join(tmpdir(), 'sealpost-mutants-'));
  const scratch = join(folder, 'tmp');
  for (const name of await readdir(root)) {
    if (!leftOut.has(name)) await cp(join(root, name), join(folder, name), { recursive: true });
  }
  await mkdir(scratch, { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));

  // The runner's own marker would make the tests report to it.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const env = {
    ...inherited,
    PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${inherited['PATH']}`,
    // What a test leaves behind when it is ended goes with the copy.
    TMPDIR: scratch,
  };

  async function runTest(file: string, timeoutMs: number): Promise<Ending> {
    signal.throwIfAborted();
    const startedAtMs = performance.now();
    const child = spawn(process.execPath, ['--test-reporter=tap', join('test', file)], {
      cwd: folder,
      env,
      // A process group of its own, so that what the test started ends with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const end = () => endGroup(child.pid);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      end();
    }, timeoutMs);
    signal.addEventListener('abort', end);
    let what: string | undefined;
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      what ??= lines.map((line) => /^\s*not ok \d+ - (.*)/.exec(line)?.[1]).find((name) => name !== undefined);
      // One is enough, and the rest may take long.
      if (what !== undefined) end();
    });
    try {
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        // Not `close`: something that the test started may hold its output open.
        child.once('exit', resolve);
      });
      signal.throwIfAborted();
      if (what !== undefined) return { kind: 'failed', what };
      if (isLate) return { kind: 'timed-out' };
      if (code === 0) return { kind: 'passed', durationMs: performance.now() - startedAtMs };
      return { kind: 'failed', what: `the process ended with ${code}` };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      end();
    }
  }

  return {
    runTest,
    async withMutant(mutant, work) {
      const path = join(folder, 'src', mutant.file);
      const text = await readFile(path, 'utf8');
      await writeFile(path, applyMutant(text, mutant));
      try {
        return await work();
      } finally {
        await writeFile(path, text);
      }
    },
    async [Symbol.asyncDispose]() {
      await unmountBelow(folder);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Tests mount small disks, and one that was ended could not unmount its own: the folder could not be removed for it. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8').catch(() => '');
  for (const line of mounts.split('\n')) {
    const [, path = ''] = line.split(' ');
    if (path.startsWith(`${folder}/`)) spawnSync('umount', ['-l', path]);
  }
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}
