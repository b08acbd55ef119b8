import { setTimeout as pause } from 'node:timers/promises';

/** Work beside the main sequence; disposing it lets all of it finish. */
export interface Background extends AsyncDisposable {
  /** Whether the work should finish. */
  readonly isOver: boolean;
  run(work: () => Promise<void>): void;
  /** @throws the error that ended work, or the reason that `signal` was aborted with, at once */
  rest(ms: number): Promise<void>;
  /** Like `run`, for work that is synchronous. */
  check(): void;
  /** @throws the same, once all work has finished */
  finish(): Promise<void>;
}

/** @param signal interrupts the main sequence wherever it waits */
export function startBackground(signal: AbortSignal): Background {
  const failure = new AbortController();
  const interruption = AbortSignal.any([signal, failure.signal]);
  const underway: Promise<void>[] = [];
  let isOver = false;
  const end = () => {
    isOver = true;
    return Promise.all(underway);
  };
  return {
    get isOver() {
      return isOver || interruption.aborted;
    },
    run: (work) => void underway.push(work().catch((error: unknown) => failure.abort(error))),
    async rest(ms) {
      await pause(ms, undefined, { signal: interruption }).catch(() => {});
      interruption.throwIfAborted();
    },
    check: () => interruption.throwIfAborted(),
    async finish() {
      await end();
      interruption.throwIfAborted();
    },
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}
