import type { DatabaseSync } from 'node:sqlite';
import type { Backlog } from './contract.ts';
import type { OutboxLimits, OutboxTiming } from './limits.ts';
import type { OwedRow, ReadOperation, Result } from './worker-protocol.ts';
import type { Tally } from './counters.ts';

type ClaimOperation = Extract<ReadOperation, { kind: 'claim' }>;

export interface ClaimsOptions {
  readonly database: DatabaseSync;
  readonly limits: Pick<OutboxLimits, 'claimed'>;
  readonly timing: Pick<OutboxTiming, 'longestPauseMs'>;
  readonly tally: Pick<Tally, 'byApp'>;
}

/** What is read from the table: the due pushes in their order, and how much waits. Writes nothing. */
export function createClaims({ database, limits, timing, tally }: ClaimsOptions) {
  const due = database.prepare(`
    SELECT id, app, node, call, target, attempts, stored_at_ms AS storedAtMs, due_at_ms AS dueAtMs,
      give_up_at_ms AS giveUpAtMs, push
    FROM owed INDEXED BY owed_by_claim
    WHERE app = ? AND call = ? AND (due_at_ms <= ? OR due_at_ms > ?) ORDER BY seq DESC`);
  const byDue = (direction: 'ASC' | 'DESC') =>
    database.prepare(`
      SELECT id, due_at_ms AS dueAtMs, give_up_at_ms AS giveUpAtMs FROM owed INDEXED BY owed_by_due
      WHERE app = ? ORDER BY due_at_ms ${direction}`);
  const soonest = byDue('ASC');
  const latest = byDue('DESC');
  const oldest = database.prepare(`
    SELECT min(stored_at_ms) AS storedAtMs FROM owed WHERE seq IN (
      (SELECT min(seq) FROM owed WHERE app = ?1 AND call = 0), (SELECT min(seq) FROM owed WHERE app = ?1 AND call = 1))`);

  /** When the next push that is neither claimed nor expired is due, as `nowMs` sees it. */
  function nextDue(app: string, nowMs: number, passOver: ReadonlySet<string>): number | undefined {
    const first = (statement: typeof soonest): number | undefined => {
      for (const { id, dueAtMs, giveUpAtMs } of statement.iterate(app)) {
        if (!passOver.has(String(id)) && Number(giveUpAtMs) > nowMs) return Number(dueAtMs);
      }
      return undefined;
    };
    const lastDueAtMs = first(latest);
    if (lastDueAtMs === undefined) return undefined;
    return lastDueAtMs > nowMs + timing.longestPauseMs ? nowMs : first(soonest);
  }

  function claim({ app, nowMs, limit, of }: ClaimOperation, claimed: ReadonlySet<string>): Result {
    const room = Math.min(limit, limits.claimed - claimed.size);
    const rows: OwedRow[] = [];
    // Without this look a claim that finds nothing due would walk past everything that is not.
    const nextDueAtMs = nextDue(app, nowMs, claimed);
    if (nextDueAtMs === undefined) return { kind: 'claimed', rows };
    if (nextDueAtMs > nowMs || room <= 0) return { kind: 'claimed', rows, nextDueAtMs };
    for (const call of of === 'calls' ? [1] : [1, 0]) {
      for (const row of due.iterate(app, call, nowMs, nowMs + timing.longestPauseMs)) {
        if (rows.length >= room) break;
        const owed = row as unknown as OwedRow;
        if (!claimed.has(owed.id) && owed.giveUpAtMs > nowMs) rows.push({ ...owed });
      }
    }
    const nextAtMs = nextDue(app, nowMs, new Set([...claimed, ...rows.map(({ id }) => id)]));
    return { kind: 'claimed', rows, ...(nextAtMs !== undefined && { nextDueAtMs: nextAtMs }) };
  }

  function stats(): Result {
    const byApp = new Map<string, Backlog>();
    for (const [app, count] of tally.byApp) {
      byApp.set(app, { ...count, oldestStoredAtMs: Number(oldest.get(app)?.['storedAtMs']) });
    }
    return { kind: 'stats', byApp };
  }

  return { claim, stats };
}
