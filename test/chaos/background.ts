import { setTimeout as pause } from 'node:timers/promises';

/** Work beside the main line; disposing it lets all of it come to its end. */
export interface Background extends AsyncDisposable {
  /** Whether the work is to come to its end. */
  readonly isOver: boolean;
  run(work: () => Promise<void>): void;
  /** @throws what made work fail, or what `signal` was aborted with, at once */
  rest(ms: number): Promise<void>;
  /** The same for what does not wait. */
  check(): void;
  /** @throws the same, when all work has come to its end */
  finish(): Promise<void>;
}

/** @param signal interrupts the main line wherever it rests */
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
