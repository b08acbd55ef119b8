import { errorCode } from '../../telemetry/error-code.ts';
import { type Log, throttle } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from '../../time/clock.ts';
import type { Database } from '../engine/database.ts';
import { createChanges } from './changes.ts';
import type { Backlog, Lease, Outbox, OutboxState, QueuedPush } from './contract.ts';
import { type Counted, createCounters } from './counters.ts';
import { createEnqueuer } from './enqueue.ts';
import { createLeases } from './leases.ts';
import { type OutboxLimits, outboxLimits, type OutboxTiming, outboxTiming } from './limits.ts';
import {
  capDue,
  countAll,
  endLeases,
  expire,
  newestStoredAt,
  nextDue,
  oldest,
  queueOf,
  removeNode,
} from './statements.ts';
import { fromRow, type LeasedRow, toRow } from './stored-push.ts';

/** Expired pushes removed by one statement, so that others wait for a few hundredths of a second at most. */
const expireTogether = 1_000;
/** Milliseconds between two counts of a store that other processes change too. */
const countEveryMs = 60_000;
const logEveryMs = 60_000;

export interface OutboxOptions {
  readonly database: Database;
  /** Its wall clock never goes back. */
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'dropped'>;
  readonly limits?: Partial<OutboxLimits>;
  readonly timing?: Partial<OutboxTiming>;
}

/**
 * The outbox on any database of `store/`.
 * @throws what the database throws, if it cannot be read
 */
export async function createOutbox(options: OutboxOptions): Promise<Outbox> {
  const { database, clock, log, metrics } = options;
  const { db, rowsPerStatement, isShared } = database;
  const limits = { ...outboxLimits, ...options.limits };
  const timing = { ...outboxTiming, ...options.timing };
  const counters = createCounters(limits);
  const mayLog = throttle(logEveryMs, clock);
  /** Ids of the pushes that this process has leased and not changed yet. */
  const leased = new Set<string>();
  let state: OutboxState = { kind: 'working' };
  let isLogged = false;
  let isClosed = false;
  let cancelCount = () => {};

  const changes = createChanges({ db, rowsPerStatement, clock, timing, counters }, (id) => leased.delete(id));
  const enqueuer = createEnqueuer({
    db,
    rowsPerStatement,
    clock,
    limits,
    timing,
    counters,
    refuseWhenLost: database.refuseWhenLost,
    isRowFault: database.isRowFault,
    onReplaced: (pushes) => drop(pushes, 'outbox-replaced'),
    onWritten: (error) => enter(error === undefined ? { kind: 'working' } : failing(error)),
  });
  const takeLease = createLeases({ db, isShared });

  function failing(error: unknown): OutboxState {
    return { kind: 'failing', reason: database.reasonOf(error) };
  }

  function enter(next: OutboxState): void {
    state = next;
    if (next.kind === 'working') {
      if (isLogged) log.info({}, 'the outbox stores pushes again');
      isLogged = false;
    } else if (mayLog()) {
      isLogged = true;
      const hint = 'See the state of the store. What was stored is still there.';
      log.error({ reason: next.reason, hint }, 'the outbox stores nothing: pushes that cannot be sent are refused');
    }
  }

  function drop(pushes: readonly Counted[], cause: string): void {
    for (const { app } of pushes) metrics.dropped.inc({ app, cause });
  }

  /** Removes pushes by one statement, and counts them as dropped. */
  async function remove(statement: Promise<Counted[]>, cause: string): Promise<number> {
    const removed = await statement;
    counters.subtract(removed);
    drop(removed, cause);
    return removed.length;
  }

  async function count(): Promise<void> {
    counters.replace(await countAll(db));
  }

  /** The last figures hold while the database does not answer. */
  function countAgain(): void {
    if (isClosed) return;
    cancelCount = clock.after(
      countEveryMs,
      () =>
        void count()
          .catch(() => undefined)
          .finally(countAgain),
    );
  }

  function accept(rows: readonly LeasedRow[]): QueuedPush[] {
    const pushes: QueuedPush[] = [];
    for (const row of rows) {
      // Its outcome is known here and could not be written while the lease lasted.
      // Or it is still on its way, though its lease has ended.
      if (changes.has(row.id) || leased.has(row.id)) continue;
      leased.add(row.id);
      const queued = fromRow(row);
      if (queued) {
        pushes.push(queued);
        continue;
      }
      metrics.dropped.inc({ app: row.app, cause: 'outbox-unreadable' });
      changes.complete(row.id);
    }
    return pushes;
  }

  async function lease(app: string, nowMs: number, limit: number, of: 'all' | 'calls'): Promise<Lease> {
    try {
      const beganAtMs = clock.monotonic();
      // What became of earlier leases makes room for others.
      await changes.flush();
      const room = Math.min(limit, limits.leased - leased.size);
      const endsAtMs = Math.ceil(nowMs + clock.monotonic() - beganAtMs + timing.leaseMs);
      const rows = room > 0 ? await takeLease({ app, nowMs, endsAtMs }, room, of) : [];
      const pushes = accept(rows);
      const dueAtMs = await nextDue(db, app);
      if (dueAtMs === undefined) return { pushes };
      if (dueAtMs > nowMs) return { pushes, nextDueAtMs: dueAtMs };
      // Something is due and was not leased: it is past its time, others have it, or too many are leased.
      const isStuck = of === 'all' && rows.length < Math.min(1, limit);
      return { pushes, nextDueAtMs: isStuck || leased.size >= limits.leased ? nowMs + timing.retryMs : nowMs };
    } catch (error) {
      if (mayLog()) log.error({ reason: errorCode(error) }, 'the outbox cannot be read; queued pushes wait');
      return { pushes: [], nextDueAtMs: nowMs + timing.retryMs };
    }
  }

  async function stats(): Promise<ReadonlyMap<string, Backlog> | undefined> {
    try {
      await changes.flush();
      const backlogs = [...counters.byApp].map(async ([app, { depth, bytes }]) => {
        const oldestStoredAtMs = await oldest(db, app);
        return oldestStoredAtMs === undefined ? [] : [[app, { depth, bytes, oldestStoredAtMs }] as const];
      });
      return new Map((await Promise.all(backlogs)).flat());
    } catch {
      return undefined;
    }
  }

  async function close(): Promise<void> {
    isClosed = true;
    cancelCount();
    const late = Promise.withResolvers<void>();
    const cancel = clock.after(timing.closeWithinMs, late.resolve);
    await Promise.race([Promise.all([enqueuer.whenIdle(), changes.flush()]), late.promise]);
    cancel();
  }

  /**
   * Makes pushes due whose lease nobody holds, or whose due time is too far ahead because the clock was set back. On a full
   * disk this fails; leases then end by themselves.
   */
  async function recover(): Promise<void> {
    const nowMs = clock.now();
    try {
      // In a store of its own, whoever leased them before is gone, and what was stored in the future shows a clock set back.
      const isSetBack = !isShared && ((await newestStoredAt(db)) ?? 0) > nowMs;
      const latestMs = isSetBack ? nowMs : nowMs + Math.max(timing.longestPauseMs, timing.leaseMs);
      if (!isShared) await endLeases(db, nowMs);
      for (const app of counters.byApp.keys()) await capDue(db, app, nowMs, latestMs);
    } catch (error) {
      enter(failing(error));
    }
  }

  // A server that is busy counts too slowly; then the limits hold from the next count on.
  await (isShared ? count().catch(() => undefined) : count());
  if (isShared) countAgain();
  await recover();

  return {
    enqueue(queued, dueAtMs) {
      const row = toRow(queued, Math.min(dueAtMs, clock.now() + timing.longestPauseMs));
      return isClosed || !row ? Promise.resolve('failed') : enqueuer.enqueue(row);
    },
    lease: (app, nowMs, limit, of = 'all') => lease(app, nowMs, limit, of),
    complete: (id) => changes.complete(id),
    reschedule(id, dueAtMs, attempts) {
      changes.reschedule(id, Math.round(Math.min(dueAtMs, clock.now() + timing.longestPauseMs)), attempts);
    },
    removeNode(node) {
      // What stays is dropped when it is due, since its registration is gone.
      void remove(removeNode(db, node), 'outbox-removed').catch(() => undefined);
    },
    async expire(nowMs) {
      let expired = 0;
      for (;;) {
        const removed = await remove(expire(db, nowMs, expireTogether), 'outbox-expired').catch(() => 0);
        expired += removed;
        if (removed < expireTogether) return expired;
      }
    },
    async queueOf(node) {
      try {
        await changes.flush();
        return await queueOf(db, node);
      } catch {
        return undefined;
      }
    },
    stats,
    get state() {
      return state;
    },
    close,
  };
}
