import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { AnswerMessage, CallMessage, Calls } from './calls.ts';

/** A process that answers calls; disposing it ends it. */
export interface Child<C extends Calls> extends AsyncDisposable {
  /** Rejects with the error of the other side, if the process ends, on interruption and after half an hour. */
  call<Name extends keyof C & string>(name: Name, input: C[Name]['input']): Promise<C[Name]['output']>;
}

export interface ChildOptions {
  /** Name of a file in this folder. */
  readonly file: string;
  /** Rejects pending calls. */
  readonly signal: AbortSignal;
  /** Options for Node itself. */
  readonly nodeArguments?: readonly string[];
}

/** Milliseconds; no single step takes as long: filling a store with ten million registrations takes a third of it. */
const callWithinMs = 1_800_000;
const stopWithinMs = 5_000;

export function startChild<C extends Calls>({ file, signal, nodeArguments = [] }: ChildOptions): Child<C> {
  signal.throwIfAborted();
  const child = fork(join(import.meta.dirname, file), { execArgv: [...nodeArguments] });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let calls = 0;

  child.on('message', (message) => {
    const answer = message as AnswerMessage;
    if ('error' in answer) waiting.get(answer.id)?.reject(new Error(`${file}: ${answer.error}`));
    else waiting.get(answer.id)?.resolve(answer.output);
  });
  child.on('error', failAll);
  child.on('exit', (code, killedBy) => failAll(new Error(`${file} ended with ${code ?? killedBy}`)));
  const interrupt = () => failAll(new Error('interrupted'));
  signal.addEventListener('abort', interrupt);

  function failAll(error: Error): void {
    for (const call of waiting.values()) call.reject(error);
  }

  return {
    async call(name, input) {
      signal.throwIfAborted();
      const id = ++calls;
      const answer = Promise.withResolvers<unknown>();
      waiting.set(id, answer);
      const late = () => answer.reject(new Error(`${file}: no answer to ${name} within ${callWithinMs} ms`));
      const timer = setTimeout(late, callWithinMs);
      try {
        if (!child.connected) throw new Error(`${file} has ended`);
        child.send({ id, name, input } satisfies CallMessage);
        return await answer.promise;
      } finally {
        clearTimeout(timer);
        waiting.delete(id);
      }
    },
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', interrupt);
      await endChild(child);
    },
  };
}

/** A child ends when its channel closes, so that Node can write its profile; otherwise it is killed. */
async function endChild(child: ChildProcess): Promise<void> {
  // Without a pid it did not start, and never exits.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
  await ended;
  clearTimeout(timer);
}
