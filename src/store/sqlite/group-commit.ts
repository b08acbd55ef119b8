import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { codeOf } from './connection.ts';
import type { Failure, Result, Statement } from './protocol.ts';

/** More than there are different queries; a statement holds a few kilobytes. */
const MAX_STATEMENTS = 256;

interface Prepared {
  readonly statement: StatementSync;
  readonly returnsRows: boolean;
}

/** Executes statements that arrived together. */
export interface GroupCommit {
  /**
   * Commits them with one sync. Each succeeds or fails alone, and none has its result before the commit. Never throws.
   */
  run(statements: readonly Statement[]): Result[];
}

/** Runs statements in one transaction where that works, else one by one; each succeeds or fails alone. */
export function createGroupCommit(database: DatabaseSync): GroupCommit {
  const prepared = new Map<string, Prepared>();

  function prepare(sql: string): Prepared {
    const known = prepared.get(sql);
    if (known) return known;
    if (prepared.size >= MAX_STATEMENTS) prepared.clear();
    const statement = database.prepare(sql);
    const fresh = { statement, returnsRows: statement.columns().length > 0 };
    prepared.set(sql, fresh);
    return fresh;
  }

  /** A failed statement takes back what it did itself, and leaves the transaction as it was. */
  function execute({ sql, parameters }: Statement): Result {
    try {
      const { statement, returnsRows } = prepare(sql);
      const values = parameters as readonly SQLInputValue[];
      if (!returnsRows) {
        return { kind: 'done', rows: [], changes: Number(statement.run(...values).changes) };
      }
      const rows = statement.all(...values);
      return { kind: 'done', rows, changes: rows.length };
    } catch (error) {
      return failed(error);
    }
  }

  /** Undefined: nothing was committed. */
  function together(statements: readonly Statement[]): Result[] | undefined {
    try {
      database.exec('BEGIN IMMEDIATE');
    } catch (error) {
      // A lock that another process holds: each statement by itself would wait for it again.
      return statements.map(() => failed(error));
    }
    try {
      const results = statements.map((statement) => {
        const result = execute(statement);
        // A full disk or a broken one takes back the whole transaction.
        if (!database.isTransaction) throw new Error('the transaction was rolled back');
        return result;
      });
      database.exec('COMMIT');
      return results;
    } catch {
      if (database.isTransaction) database.exec('ROLLBACK');
      return undefined;
    }
  }

  return {
    run(statements) {
      const isGroup = statements.length > 1 && statements.some(({ sql }) => !isRead(sql));
      // One by one, if not together: on a full disk deletes succeed although inserts fail.
      return (isGroup ? together(statements) : undefined) ?? statements.map(execute);
    },
  };
}

function isRead(sql: string): boolean {
  return /^\s*(select|with)\b/i.test(sql);
}

function failed(error: unknown): Result {
  return { kind: 'failed', failure: describe(error) };
}

/** The codes and the message of an error, fit to be sent to another thread. */
export function describe(error: unknown): Failure {
  const message = error instanceof Error ? error.message : 'unknown';
  const errcode = error instanceof Error && 'errcode' in error ? Number(error.errcode) : undefined;
  return { message, code: codeOf(error), ...(errcode !== undefined && { errcode }) };
}
