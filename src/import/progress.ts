import type { Clock } from '../time/clock.ts';

export interface ProgressOptions {
  /** Standard error. The bar is only drawn on a terminal. */
  readonly output: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Size of the file in bytes; undefined: not known before the end. */
  readonly totalBytes: number | undefined;
}

export interface Progress {
  show(state: { readonly bytes: number; readonly rows: number }): void;
  /** Clears the line. */
  end(): void;
}

const WIDTH = 30;
const EVERY_MS = 100;

/** Shows progress as one line that is redrawn in place. */
export function createProgress({ output, clock, totalBytes }: ProgressOptions): Progress {
  let shownAtMs = -Infinity;
  const isShown = output.isTTY === true;
  return {
    show({ bytes, rows }) {
      const nowMs = clock.monotonic();
      if (!isShown || nowMs - shownAtMs < EVERY_MS) return;
      shownAtMs = nowMs;
      const counted = `${rows.toLocaleString('en')} rows`;
      if (totalBytes === undefined || totalBytes === 0) {
        output.write(`\r\x1b[K${counted}`);
        return;
      }
      const done = Math.min(1, bytes / totalBytes);
      const bar = '█'.repeat(Math.round(done * WIDTH)).padEnd(WIDTH, '░');
      output.write(`\r\x1b[K${bar} ${Math.floor(done * 100)} %  ${counted}`);
    },
    end() {
      if (isShown && shownAtMs > -Infinity) output.write('\r\x1b[K');
    },
  };
}
