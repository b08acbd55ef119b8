import type { DatabaseSync } from 'node:sqlite';
import { createLeases } from './leases.ts';
import type { OutboxLimits, OutboxTiming } from './limits.ts';
import type {
  ChangeOperation,
  Dropped,
  QueuedRow,
  EnqueueOperation,
  ReadOperation,
  Result,
} from './worker-protocol.ts';
import { createCounters } from './counters.ts';

/** Bytes of a row in the file besides its JSON: columns, indexes, unused room in pages. Measured and rounded up. */
const rowOverheadBytes = 800;

export interface StoreOptions {
  /** An open database with the tables. */
  readonly database: DatabaseSync;
  /** Differs between openings of the outbox. */
  readonly run: number;
  readonly limits: Pick<OutboxLimits, 'perRegistration' | 'pushes' | 'bytes' | 'ofOneApp' | 'leased'>;
  readonly timing: Pick<OutboxTiming, 'longestPauseMs'>;
}

/** Result of one transaction. */
export interface Written {
  /** One per operation, in their order. */
  readonly results: readonly Result[];
  readonly dropped: readonly Dropped[];
}

/** The statements on an open file. Methods throw what SQLite throws; a write that throws has changed nothing. */
export interface Store {
  /** One transaction, on the disk when this returns. */
  enqueue(operations: readonly EnqueueOperation[]): Written;
  /** One transaction, on the disk with the next checkpoint or `enqueue`. */
  change(operations: readonly ChangeOperation[]): Written;
  /** Marks pushes as leased in this run until they are changed. Marks of earlier runs stay. Written like `change`. */
  mark(ids: readonly string[]): void;
  /** @param leased ids that are not leased again */
  read(operation: ReadOperation, leased: ReadonlySet<string>): Result;
  close(): void;
}

/** Prepares the statements and counts the stored pushes. */
export function createStore({ database, run, limits, timing }: StoreOptions): Store {
  const count = database.prepare('SELECT app, count(*) AS depth, sum(bytes) AS bytes FROM queued_push GROUP BY app');
  const counters = createCounters(
    count.all().map(({ app, depth, bytes }) => [String(app), { depth: Number(depth), bytes: Number(bytes) }]),
  );
  const leases = createLeases({ database, limits, timing, counters });
  const sql = {
    known: database.prepare('SELECT seq FROM queued_push WHERE id = ?'),
    // Pushes that an earlier run leased and did not complete may have reached a provider. They are counted apart and
    // displace no push that was never sent. The new push needs one place.
    beyondNewest: database.prepare(`
      SELECT seq, bytes FROM (
        SELECT seq, bytes, left_leased, row_number() OVER (PARTITION BY left_leased ORDER BY seq DESC) AS place
        FROM (
          SELECT queued_push.seq, bytes, run IS NOT NULL AND run <> ?2 AS left_leased
          FROM queued_push LEFT JOIN leased ON leased.seq = queued_push.seq WHERE node = ?1))
      WHERE place >= ?3 + left_leased`),
    mark: database.prepare('INSERT OR IGNORE INTO leased (seq, run) SELECT seq, ? FROM queued_push WHERE id = ?'),
    unmark: database.prepare('DELETE FROM leased WHERE run = ? AND seq = (SELECT seq FROM queued_push WHERE id = ?)'),
    insert: database.prepare(`
      INSERT INTO queued_push (id, app, node, call, target, attempts, stored_at_ms, due_at_ms, give_up_at_ms, bytes, push)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    remove: database.prepare('DELETE FROM queued_push WHERE seq = ? RETURNING app, bytes'),
    complete: database.prepare('DELETE FROM queued_push WHERE id = ? RETURNING app, bytes'),
    removeNode: database.prepare('DELETE FROM queued_push WHERE node = ? RETURNING app, bytes'),
    expire: database.prepare(`
      DELETE FROM queued_push WHERE seq IN (SELECT seq FROM queued_push WHERE give_up_at_ms <= ? ORDER BY give_up_at_ms LIMIT ?)
      RETURNING app, bytes`),
    reschedule: database.prepare('UPDATE queued_push SET due_at_ms = ?, attempts = ? WHERE id = ?'),
  };

  function transact(synchronous: 'FULL' | 'NORMAL', write: (drop: (dropped: Dropped) => void) => Result[]): Written {
    const dropped: Dropped[] = [];
    database.exec(`PRAGMA synchronous = ${synchronous}`);
    database.exec('BEGIN IMMEDIATE');
    try {
      const results = write((one) => void dropped.push(one));
      database.exec('COMMIT');
      counters.keep();
      return { results, dropped };
    } catch (error) {
      counters.undo();
      // SQLite rolls back by itself when the disk is full.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Subtracts the rows that a DELETE returned from the counters. */
  function subtract(rows: readonly Record<string, unknown>[], drop?: (app: string) => void): number {
    for (const { app, bytes } of rows) {
      counters.subtract(String(app), Number(bytes));
      drop?.(String(app));
    }
    return rows.length;
  }

  function enqueueOne(row: QueuedRow, drop: (dropped: Dropped) => void): 'stored' | 'full' {
    if (sql.known.get(row.id)) return 'stored';
    const bytes = Buffer.byteLength(row.push) + rowOverheadBytes;
    const leaving = sql.beyondNewest.all(row.node, run, limits.perRegistration);
    const freed = leaving.reduce((sum, old) => sum + Number(old['bytes']), 0);
    const own = counters.byApp.get(row.app) ?? { depth: 0, bytes: 0 };
    for (const [{ depth, bytes: held }, part] of [[counters.total, 1] as const, [own, limits.ofOneApp] as const]) {
      if (leaving.length === 0 && depth >= limits.pushes * part) return 'full';
      if (bytes > freed && held - freed + bytes > limits.bytes * part) return 'full';
    }
    for (const { seq } of leaving) {
      subtract(sql.remove.all(Number(seq)), (app) => drop({ app, cause: 'outbox-replaced', count: 1 }));
    }
    const { id, app, node, call, target, attempts, storedAtMs, dueAtMs, giveUpAtMs, push } = row;
    sql.insert.run(id, app, node, call, target, attempts, storedAtMs, dueAtMs, giveUpAtMs, bytes, push);
    counters.add(app, bytes);
    return 'stored';
  }

  function changeOne(operation: ChangeOperation, drop: (dropped: Dropped) => void): number {
    switch (operation.kind) {
      case 'complete':
        return subtract(sql.complete.all(operation.id));
      case 'reschedule':
        sql.unmark.run(run, operation.id);
        return Number(sql.reschedule.run(operation.dueAtMs, operation.attempts, operation.id).changes);
      case 'remove-node':
        return subtract(sql.removeNode.all(operation.node), (app) => drop({ app, cause: 'outbox-removed', count: 1 }));
      case 'expire':
        return subtract(sql.expire.all(operation.nowMs, operation.limit), (app) =>
          drop({ app, cause: 'outbox-expired', count: 1 }),
        );
    }
  }

  return {
    enqueue: (operations) =>
      transact('FULL', (drop) => operations.map(({ row }) => ({ kind: 'enqueue', outcome: enqueueOne(row, drop) }))),
    change: (operations) =>
      transact('NORMAL', (drop) =>
        operations.map((operation) => ({ kind: 'changed', count: changeOne(operation, drop) })),
      ),
    mark(ids) {
      transact('NORMAL', () => {
        for (const id of ids) sql.mark.run(run, id);
        return [];
      });
    },
    read: (operation, leased) => (operation.kind === 'lease' ? leases.lease(operation, leased) : leases.stats()),
    close: () => database.close(),
  };
}
