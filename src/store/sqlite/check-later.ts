import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { damagedCode } from './structure.ts';
import type { Clock } from '../../time/clock.ts';

/** Milliseconds after the start, so that the first publishes have the machine. */
const checkAfterMs = 30_000;

const name = import.meta.url.endsWith('.ts') ? './structure-process.ts' : './structure-process.js';
const file = fileURLToPath(new URL(name, import.meta.url));

export interface CheckLaterOptions {
  readonly path: string;
  readonly clock: Pick<Clock, 'after'>;
  /** Called at most once. */
  readonly onDamage: () => void;
}

/** Looks for damage in a file that is too large to be read at the start. Returns what ends it. */
export function checkLater({ path, clock, onDamage }: CheckLaterOptions): () => void {
  let child: ChildProcess | undefined;
  const cancel = clock.after(checkAfterMs, () => {
    // A process, not a thread: nothing ends a thread that is inside SQLite.
    child = spawn(process.execPath, [file, path], { stdio: 'ignore' });
    child.unref();
    child.on('exit', (code) => {
      if (code === damagedCode) onDamage();
    });
    // A file that cannot even be opened shows in the write probe.
    child.on('error', () => undefined);
  });
  return () => {
    cancel();
    child?.kill('SIGKILL');
  };
}
