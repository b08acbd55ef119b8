import { randomInt } from 'node:crypto';
import { format, parse } from 'node:path';
import type { Clock } from '../../time/clock.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Lease, Outbox, QueuedPush } from './contract.ts';
import { type OutboxLimits, outboxLimits, type OutboxTiming, outboxTiming } from './limits.ts';
import type { ChangeOperation, Opening, Operation, Result } from './worker-protocol.ts';
import { OutboxError } from './outbox-error.ts';
import { createReporter } from './reporter.ts';
import { fromRow, toRow } from './stored-push.ts';
import { type Entry, startThread } from './thread.ts';

/** Expired pushes removed in one transaction, so that enqueueing waits for a few hundredths of a second at most. */
const expireTogether = 1_000;

const defaultThreadFile = new URL(
  import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js',
  import.meta.url,
);

export interface SqliteOutboxOptions {
  /** Path of the file, which is created if needed. */
  readonly path: string;
  /** Its wall clock never goes back. */
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'dropped'>;
  readonly limits?: Partial<OutboxLimits>;
  readonly timing?: Partial<OutboxTiming>;
  /** A whole number that no other opening of the same file has. Default: a random one. */
  readonly run?: number;
  /** Another script for the thread, to test its death. */
  readonly threadFile?: URL;
}

/** Path of the outbox beside the registrations: `sealpost.db` becomes `sealpost.outbox.db`. */
export function outboxPathBeside(registryPath: string): string {
  const { dir, name, ext } = parse(registryPath);
  return format({ dir, name: `${name}.outbox`, ext });
}

/**
 * Opens the outbox in a SQLite file, in a thread of its own, so that neither the disk nor a lock stops the event loop.
 * A full disk, a lock or a damaged file does not prevent the start; see `state`.
 * @throws OutboxError if the file belongs to another program or a newer Sealpost, or is not accessible; it is not
 * changed
 */
export async function openSqliteOutbox(options: SqliteOutboxOptions): Promise<Outbox> {
  const { path, clock, log, metrics, threadFile = defaultThreadFile } = options;
  const limits = { ...outboxLimits, ...options.limits };
  const timing = { ...outboxTiming, ...options.timing };
  const now = () => clock.now();
  const reporter = createReporter({ path, clock, log, metrics });
  const leased = new Set<string>();
  /** Changes whose write failed, to be written again. */
  let unwritten: Entry[] = [];
  let closing: Promise<void> | undefined;

  const opening = Promise.withResolvers<Opening>();
  const thread = startThread({
    file: threadFile,
    data: { path, run: options.run ?? randomInt(2 ** 47), limits, timing },
    clock,
    leased,
    onReply(reply) {
      if (reply.kind !== 'batch') opening.resolve(reply);
      reporter.heard(reply);
    },
    onDeath(error) {
      opening.reject(
        new OutboxError('the thread of the outbox could not be started', 'See the cause.', { cause: error }),
      );
      reporter.died(error);
    },
  });

  function ask<T>(operation: Operation, read: (result: Result) => T): Promise<T> {
    if (closing || thread.waiting >= limits.waiting) return Promise.resolve(read({ kind: 'failed' }));
    return new Promise((resolve) => thread.add({ operation, answer: (result) => resolve(read(result)) }));
  }

  function change(operation: ChangeOperation, written?: () => void): void {
    // Each leased push is changed once, so there are few such changes. A removal beyond the limit can be skipped, since
    // a push to a removed node is dropped when it is due.
    const isFull = thread.waiting + unwritten.length >= limits.waiting + limits.leased;
    if (closing || (isFull && operation.kind === 'remove-node')) return;
    const entry: Entry = {
      operation,
      answer(result) {
        if (result.kind === 'changed') written?.();
        else if (unwritten.push(entry) === 1) clock.after(timing.retryMs, writeAgain);
      },
    };
    thread.add(entry);
  }

  function writeAgain(): void {
    const entries = unwritten;
    unwritten = [];
    for (const entry of entries) thread.add(entry);
  }

  function accept(result: Result, nowMs: number): Lease {
    if (result.kind !== 'leased') return { pushes: [], nextDueAtMs: nowMs + timing.retryMs };
    const pushes: QueuedPush[] = [];
    for (const row of result.rows) {
      leased.add(row.id);
      const queued = fromRow(row);
      if (queued) {
        pushes.push(queued);
        continue;
      }
      reporter.unreadable(row.app);
      change({ kind: 'complete', id: row.id }, () => leased.delete(row.id));
    }
    const { nextDueAtMs } = result;
    if (nextDueAtMs === undefined) return { pushes };
    const exhausted = leased.size >= limits.leased;
    return { pushes, nextDueAtMs: exhausted ? Math.max(nextDueAtMs, nowMs + timing.retryMs) : nextDueAtMs };
  }

  async function close(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const cancel = clock.after(timing.closeWithinMs, late.resolve);
    writeAgain();
    await Promise.race([thread.whenIdle().then(() => thread.close()), late.promise]);
    cancel();
    thread.terminate();
  }

  try {
    const first = await opening.promise;
    if (first.kind === 'refused') throw new OutboxError(first.message, first.hint);
  } catch (error) {
    thread.terminate();
    throw error;
  }

  return {
    enqueue(queued, dueAtMs) {
      if (closing) return Promise.resolve('failed');
      if (thread.waiting >= limits.waiting) return Promise.resolve('full');
      const row = toRow(queued, Math.min(dueAtMs, now() + timing.longestPauseMs));
      // The strict table would refuse it, and with it the transaction that it shares with others.
      if (![row.attempts, row.storedAtMs, row.dueAtMs, row.giveUpAtMs].every(Number.isSafeInteger)) {
        return Promise.resolve('failed');
      }
      return new Promise((resolve) => {
        const entry: Entry = {
          operation: { kind: 'enqueue', row },
          answer(result) {
            cancel();
            resolve(result.kind === 'enqueue' ? result.outcome : 'failed');
          },
        };
        const cancel = clock.after(timing.enqueueWithinMs, () => {
          thread.withdraw(entry);
          resolve('failed');
        });
        thread.add(entry);
      });
    },
    lease: (app, nowMs, limit, of = 'all') =>
      ask({ kind: 'lease', app, nowMs, limit, of }, (result) => accept(result, nowMs)),
    complete: (id) => change({ kind: 'complete', id }, () => leased.delete(id)),
    reschedule(id, dueAtMs, attempts) {
      const boundedDueAtMs = Math.round(Math.min(dueAtMs, now() + timing.longestPauseMs));
      change({ kind: 'reschedule', id, dueAtMs: boundedDueAtMs, attempts }, () => leased.delete(id));
    },
    removeNode: (node) => change({ kind: 'remove-node', node }),
    async expire(nowMs) {
      for (let expired = 0; ;) {
        const count = await ask({ kind: 'expire', nowMs, limit: expireTogether }, (result) =>
          result.kind === 'changed' ? result.count : 0,
        );
        expired += count;
        if (count < expireTogether) return expired;
      }
    },
    stats: () => ask({ kind: 'stats' }, (result) => (result.kind === 'stats' ? result.byApp : undefined)),
    get state() {
      return reporter.state;
    },
    close: () => (closing ??= close()),
  };
}
