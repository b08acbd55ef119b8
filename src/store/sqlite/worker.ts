/** The thread that owns the only connection that writes. */
import { parentPort, workerData } from 'node:worker_threads';
import { StoreError } from '../engine/store-error.ts';
import { connect, prepareToWrite, probe } from './connection.ts';
import { createGroupCommit, describe } from './group-commit.ts';
import type { NumberedStatement, Reply, Request, Result, Statement, ThreadData } from './protocol.ts';

const data = workerData as ThreadData;

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
const reply = (message: Reply): void => parentPort?.postMessage(message);

try {
  const { database } = connect(data);
  prepareToWrite(database, data);
  const group = createGroupCommit(database);
  /** Texts by their numbers. */
  const texts = new Map<number, string>();
  const textOf = ({ number, sql, parameters }: NumberedStatement): Statement => {
    if (sql !== undefined) texts.set(number, sql);
    return { sql: sql ?? texts.get(number) ?? '', parameters };
  };
  const tryProbe = (): Result => {
    try {
      probe(database, data.busyTimeoutMs);
      return { kind: 'done', rows: [], changes: 0 };
    } catch (error) {
      return { kind: 'failed', failure: describe(error) };
    }
  };
  parentPort?.on('message', (request: Request) => {
    if (request.kind === 'run') reply({ kind: 'ran', results: group.run(request.statements.map(textOf)) });
    else if (request.kind === 'probe') reply({ kind: 'ran', results: [tryProbe()] });
    else {
      database.close();
      parentPort?.close();
    }
  });
  reply({ kind: 'opened' });
} catch (error) {
  const hint = error instanceof StoreError ? error.hint : 'See the cause.';
  reply({ kind: 'refused', message: describe(error).message.split('\n')[0] ?? '', hint });
}
