import { Worker } from 'node:worker_threads';
import type { Clock } from '../../time/clock.ts';
import type { Batch, BatchReply, Opening, Operation, Reply, Request, Result, ThreadData } from './worker-protocol.ts';

/** Operations of one transaction, which takes some tens of milliseconds. */
const batchLimit = 1_000;

/** Pauses before a dead thread is restarted: doubled up to the cap, and reset once a thread has answered. */
const restartBaseMs = 100;
const restartCapMs = 10_000;

/** An operation under way. `answer` is called once, with `failed` if the thread died meanwhile. */
export interface Entry {
  readonly operation: Operation;
  answer(result: Result): void;
}

export interface ThreadOptions {
  readonly file: URL;
  readonly data: ThreadData;
  readonly clock: Clock;
  /** Ids that are not leased again; read when a lease is sent. */
  readonly leased: ReadonlySet<string>;
  readonly onReply: (reply: BatchReply | Opening) => void;
  /** @param error the error that ended the thread; undefined if it exited by itself */
  readonly onDeath: (error: unknown) => void;
}

/** The thread that owns the file, and the operations waiting for it. */
export interface Thread {
  /** Queues an operation. Those queued while a transaction runs make up the next one (group commit). */
  add(entry: Entry): void;
  /** Takes back an operation that was not sent yet. */
  withdraw(entry: Entry): void;
  readonly waiting: number;
  /** Resolves when no operation is queued or under way. */
  whenIdle(): Promise<void>;
  /** Resolves when the thread has closed the file and ended. */
  close(): Promise<void>;
  /** Ends the thread at once, as far as the system allows. Operations that are queued or under way fail. */
  terminate(): void;
}

export function startThread({ file, data, clock, leased, onReply, onDeath }: ThreadOptions): Thread {
  const queue = new Set<Entry>();
  let underway: readonly Entry[] = [];
  let worker: Worker | undefined;
  let ready = false;
  let scheduled = false;
  let closing = false;
  let deaths = 0;
  const idle = new Set<() => void>();
  const ended = new Set<() => void>();

  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  const send = (request: Request): void => worker?.postMessage(request);

  function flush(): void {
    scheduled = false;
    if (!ready || underway.length > 0) return;
    if (queue.size === 0) {
      worker?.unref();
      for (const resolve of idle) resolve();
      idle.clear();
      return;
    }
    underway = queue.values().take(batchLimit).toArray();
    for (const entry of underway) queue.delete(entry);
    const operations = underway.map(({ operation }) => operation);
    const leases = operations.some(({ kind }) => kind === 'lease');
    worker?.ref();
    send({ kind: 'batch', operations, leased: leases ? leased : new Set() } satisfies Batch);
  }

  /** Operations added in one turn of the event loop are sent together. */
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(flush);
  }

  function answerAll(results: readonly Result[]): void {
    const entries = underway;
    underway = [];
    entries.forEach((entry, index) => entry.answer(results[index] ?? { kind: 'failed' }));
  }

  function start(): void {
    const current = new Worker(file, { workerData: data, name: 'outbox' });
    worker = current;
    let cause: unknown;
    current.on('error', (error) => (cause = error));
    current.on('message', (reply: Reply) => {
      if (reply.kind === 'batch') {
        deaths = 0;
        answerAll(reply.results);
      } else {
        ready = true;
      }
      onReply(reply);
      flush();
    });
    current.on('exit', () => {
      worker = undefined;
      ready = false;
      answerAll([]);
      if (closing) {
        for (const resolve of ended) resolve();
        return;
      }
      onDeath(cause);
      clock.after(Math.min(restartCapMs, restartBaseMs * 2 ** deaths), () => {
        if (!closing) start();
      });
      deaths += 1;
    });
  }

  start();
  return {
    add(entry) {
      queue.add(entry);
      schedule();
    },
    withdraw: (entry) => void queue.delete(entry),
    get waiting() {
      return queue.size;
    },
    whenIdle: () =>
      new Promise((resolve) => {
        idle.add(resolve);
        schedule();
      }),
    close: () =>
      new Promise((resolve) => {
        closing = true;
        if (!worker) return resolve();
        ended.add(resolve);
        worker.ref();
        send({ kind: 'close' });
      }),
    terminate() {
      closing = true;
      answerAll([]);
      for (const entry of queue) entry.answer({ kind: 'failed' });
      queue.clear();
      void worker?.terminate();
    },
  };
}
