import { Worker } from 'node:worker_threads';
import type { Clock } from '../../time/clock.ts';

/** Milliseconds after the start, so that the first publishes have the machine. */
const checkAfterMs = 30_000;

const name = import.meta.url.endsWith('.ts') ? './structure-thread.ts' : './structure-thread.js';
const file = new URL(name, import.meta.url);

export interface CheckLaterOptions {
  readonly path: string;
  readonly clock: Pick<Clock, 'after'>;
  /** Called at most once. */
  readonly onDamage: () => void;
}

/** Looks for damage in a file that is too large to be read at the start. Returns what ends it. */
export function checkLater({ path, clock, onDamage }: CheckLaterOptions): () => Promise<void> {
  let worker: Worker | undefined;
  const cancel = clock.after(checkAfterMs, () => {
    worker = new Worker(file, { workerData: path });
    worker.unref();
    worker.on('message', (sound: boolean) => {
      if (!sound) onDamage();
    });
    // A file that cannot even be opened shows in the write probe.
    worker.on('error', () => undefined);
  });
  return async () => {
    cancel();
    await worker?.terminate();
  };
}
