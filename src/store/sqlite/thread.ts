import { Worker } from 'node:worker_threads';
import type { Clock } from '../../time/clock.ts';
import { StoreError } from '../engine/store-error.ts';
import type { Failure, NumberedStatement, Reply, Request, Result, Statement, ThreadData } from './protocol.ts';

/** Statements of one transaction, which takes some tens of milliseconds. */
const batchLimit = 1_000;
/** Statements that wait; beyond it they fail at once. Some seconds of work. */
const waitingLimit = 50_000;

/** Texts of statements that are known by a number. */
const textsLimit = 1_000;

/** Pauses before a dead thread is restarted: doubled up to the cap, and reset once a thread has answered. Milliseconds. */
const restartBaseMs = 100;
const restartCapMs = 10_000;

/** How long the thread may take to write what waits and close the file; then it is ended. Milliseconds. */
const closeWithinMs = 2_000;

const defaultFile = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

export interface ThreadOptions {
  readonly data: ThreadData;
  readonly clock: Pick<Clock, 'after'>;
  /** Called when the thread died. It is restarted. */
  readonly onDeath: (error: unknown) => void;
  /** Another script for the thread, to test its death. */
  readonly file?: URL;
}

/** The thread that owns the file. */
export interface Thread {
  /**
   * Statements that arrive while others are written are committed together next.
   * @throws what SQLite said, with its codes
   */
  execute(statement: Statement): Promise<Extract<Result, { kind: 'done' }>>;
  /** Writes something small, without waiting for locks. @throws what SQLite said */
  probe(): Promise<void>;
  /** Writes what waits, closes the file and ends the thread. */
  close(): Promise<void>;
}

type Work = { readonly kind: 'statement'; readonly statement: Statement } | { readonly kind: 'probe' };
type Entry = Work & {
  readonly resolve: (result: Extract<Result, { kind: 'done' }>) => void;
  readonly reject: (error: Error) => void;
};

/** @throws StoreError when the file cannot be used */
export async function startThread({ data, clock, onDeath, file = defaultFile }: ThreadOptions): Promise<Thread> {
  const waiting: Entry[] = [];
  let underway: readonly Entry[] = [];
  let worker: Worker | undefined;
  let isReady = false;
  let isScheduled = false;
  let isClosing = false;
  let deaths = 0;
  const ended = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();

  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  const send = (request: Request): void => worker?.postMessage(request);

  /** Numbers of the statement texts that the present thread knows. Numbering restarts at `textsLimit`. */
  const numbers = new Map<string, number>();

  function number({ sql, parameters }: Statement): NumberedStatement {
    const known = numbers.get(sql);
    if (known !== undefined) return { number: known, parameters };
    if (numbers.size >= textsLimit) numbers.clear();
    numbers.set(sql, numbers.size);
    return { number: numbers.size - 1, sql, parameters };
  }

  function flush(): void {
    isScheduled = false;
    if (!isReady || underway.length > 0) return;
    const [first] = waiting;
    if (!first) {
      if (isClosing) send({ kind: 'close' });
      else worker?.unref();
      return;
    }
    worker?.ref();
    if (first.kind === 'probe') {
      underway = waiting.splice(0, 1);
      send({ kind: 'probe' });
      return;
    }
    const probeAt = waiting.findIndex(({ kind }) => kind === 'probe');
    underway = waiting.splice(0, Math.min(batchLimit, probeAt < 0 ? waiting.length : probeAt));
    const statements = underway.flatMap((entry) => (entry.kind === 'statement' ? [number(entry.statement)] : []));
    send({ kind: 'run', statements });
  }

  /** What is added in one turn of the event loop is sent together. */
  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    queueMicrotask(flush);
  }

  function add(work: Work): Promise<Extract<Result, { kind: 'done' }>> {
    if (isClosing || waiting.length >= waitingLimit) {
      return Promise.reject(toError({ message: 'the store is closed or overloaded', code: 'overloaded' }));
    }
    return new Promise((resolve, reject) => {
      waiting.push({ ...work, resolve, reject });
      schedule();
    });
  }

  function answer(results: readonly Result[]): void {
    const entries = underway;
    underway = [];
    entries.forEach((entry, i) => {
      const result = results[i] ?? { kind: 'failed', failure: died };
      if (result.kind === 'done') entry.resolve(result);
      else entry.reject(toError(result.failure));
    });
  }

  function failWaiting(failure: Failure): void {
    for (const entry of waiting.splice(0)) entry.reject(toError(failure));
  }

  function start(): void {
    const current = new Worker(file, { workerData: data, name: 'store' });
    worker = current;
    numbers.clear();
    let cause: unknown;
    current.on('error', (error) => (cause = error));
    current.on('message', (reply: Reply) => {
      if (reply.kind === 'opened') {
        isReady = true;
        opened.resolve();
      } else if (reply.kind === 'refused') {
        cause = new StoreError(reply.message, reply.hint);
        opened.reject(cause);
        failWaiting({ message: reply.message, code: 'cannot-open' });
      } else {
        deaths = 0;
        answer(reply.results);
      }
      flush();
    });
    current.on('exit', () => {
      worker = undefined;
      isReady = false;
      answer([]);
      opened.reject(new StoreError('the thread of the store could not be started', 'See the cause.', { cause }));
      if (isClosing) {
        failWaiting(died);
        ended.resolve();
        return;
      }
      onDeath(cause);
      clock.after(Math.min(restartCapMs, restartBaseMs * 2 ** deaths), () => {
        if (isClosing) ended.resolve();
        else start();
      });
      deaths += 1;
    });
  }

  start();
  try {
    await opened.promise;
  } catch (error) {
    isClosing = true;
    void worker?.terminate();
    throw error;
  }
  return {
    execute: (statement) => add({ kind: 'statement', statement }),
    probe: async () => void (await add({ kind: 'probe' })),
    async close() {
      isClosing = true;
      if (!worker) return failWaiting(died);
      const current = worker;
      const cancel = clock.after(closeWithinMs, () => void current.terminate());
      current.ref();
      schedule();
      await ended.promise;
      cancel();
    },
  };
}

const died: Failure = { message: 'the thread of the store died', code: 'thread-died' };

function toError({ message, code, errcode }: Failure): Error {
  return Object.assign(new Error(message), { code, ...(errcode !== undefined && { errcode }) });
}
