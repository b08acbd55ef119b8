import type { DatabaseSync } from 'node:sqlite';
import type { Backlog } from './contract.ts';
import type { OutboxLimits, OutboxTiming } from './limits.ts';
import type { QueuedRow, ReadOperation, Result } from './worker-protocol.ts';
import type { Counters } from './counters.ts';

type LeaseOperation = Extract<ReadOperation, { kind: 'lease' }>;

export interface LeasesOptions {
  readonly database: DatabaseSync;
  readonly limits: Pick<OutboxLimits, 'leased'>;
  readonly timing: Pick<OutboxTiming, 'longestPauseMs'>;
  readonly counters: Pick<Counters, 'byApp'>;
}

/** Reads from the table: due pushes in their order, and how many wait. Writes nothing. */
export function createLeases({ database, limits, timing, counters }: LeasesOptions) {
  const due = database.prepare(`
    SELECT id, app, node, call, target, attempts, stored_at_ms AS storedAtMs, due_at_ms AS dueAtMs,
      give_up_at_ms AS giveUpAtMs, push
    FROM queued_push INDEXED BY owed_by_claim
    WHERE app = ? AND call = ? AND (due_at_ms <= ? OR due_at_ms > ?) ORDER BY seq DESC`);
  const byDue = (direction: 'ASC' | 'DESC') =>
    database.prepare(`
      SELECT id, due_at_ms AS dueAtMs, give_up_at_ms AS giveUpAtMs FROM queued_push INDEXED BY owed_by_due
      WHERE app = ? ORDER BY due_at_ms ${direction}`);
  const soonest = byDue('ASC');
  const latest = byDue('DESC');
  const oldest = database.prepare(`
    SELECT min(stored_at_ms) AS storedAtMs FROM queued_push WHERE seq IN (
      (SELECT min(seq) FROM queued_push WHERE app = ?1 AND call = 0), (SELECT min(seq) FROM queued_push WHERE app = ?1 AND call = 1))`);

  /** When the next push that is neither excluded nor expired is due, as seen at `nowMs`. */
  function nextDue(app: string, nowMs: number, excluded: ReadonlySet<string>): number | undefined {
    const first = (statement: typeof soonest): number | undefined => {
      for (const { id, dueAtMs, giveUpAtMs } of statement.iterate(app)) {
        if (!excluded.has(String(id)) && Number(giveUpAtMs) > nowMs) return Number(dueAtMs);
      }
      return undefined;
    };
    const lastDueAtMs = first(latest);
    if (lastDueAtMs === undefined) return undefined;
    return lastDueAtMs > nowMs + timing.longestPauseMs ? nowMs : first(soonest);
  }

  function lease({ app, nowMs, limit, of }: LeaseOperation, leased: ReadonlySet<string>): Result {
    const room = Math.min(limit, limits.leased - leased.size);
    const rows: QueuedRow[] = [];
    // Without this check a lease would walk past all pushes that are not due.
    const nextDueAtMs = nextDue(app, nowMs, leased);
    if (nextDueAtMs === undefined) return { kind: 'leased', rows };
    if (nextDueAtMs > nowMs || room <= 0) return { kind: 'leased', rows, nextDueAtMs };
    for (const call of of === 'calls' ? [1] : [1, 0]) {
      for (const row of due.iterate(app, call, nowMs, nowMs + timing.longestPauseMs)) {
        if (rows.length >= room) break;
        const queued = row as unknown as QueuedRow;
        if (!leased.has(queued.id) && queued.giveUpAtMs > nowMs) rows.push({ ...queued });
      }
    }
    const nextAtMs = nextDue(app, nowMs, new Set([...leased, ...rows.map(({ id }) => id)]));
    return { kind: 'leased', rows, ...(nextAtMs !== undefined && { nextDueAtMs: nextAtMs }) };
  }

  function stats(): Result {
    const byApp = new Map<string, Backlog>();
    for (const [app, count] of counters.byApp) {
      byApp.set(app, { ...count, oldestStoredAtMs: Number(oldest.get(app)?.['storedAtMs']) });
    }
    return { kind: 'stats', byApp };
  }

  return { lease, stats };
}
