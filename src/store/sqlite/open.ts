import { Kysely } from 'kysely';
import { errorCode } from '../../telemetry/error-code.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from '../../time/clock.ts';
import type { Database } from '../engine/database.ts';
import { StoreError } from '../engine/store-error.ts';
import type { Tables } from '../schema/tables.ts';
import { watchFile } from './file-watch.ts';
import type { FileOptions } from './connection.ts';
import { prepareFile } from './prepare.ts';
import { openReader } from './reader.ts';
import { sqliteReason } from './reason.ts';
import { checkLater } from './check-later.ts';
import { createThreadDialect } from './thread-dialect.ts';
import { startThread } from './thread.ts';

export interface OpenSqliteOptions {
  readonly file: FileOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'storeUp' | 'storeErrors'>;
  /** Another script for the thread, to test its death. */
  readonly threadFile?: URL;
}

/**
 * Opens a store in a SQLite file. A thread of its own writes, so that neither the disk nor a lock stops the event loop.
 * @throws StoreError when the file cannot be used; it is then as it was
 */
export async function openSqlite(options: OpenSqliteOptions): Promise<Database> {
  const { file, clock, log, metrics, threadFile } = options;
  const { path } = file;
  const { isNew, isExclusive, isChecked } = await prepareFile(file);
  const thread = await startThread({
    data: file,
    clock,
    onDeath: (error) =>
      log.error({ file: path, reason: errorCode(error) }, 'the thread of the store died and is restarted'),
    ...(threadFile && { file: threadFile }),
  });
  if (isNew) {
    log.warn(
      { file: path, hint: 'If there were registrations before, stop and put the old file back.' },
      'made a new, empty store',
    );
  }
  const reader = isExclusive ? undefined : openReader(path);
  const watch = watchFile({ path, probe: () => thread.probe(), clock, log, metrics });
  const stopChecking = isChecked ? undefined : checkLater({ path, clock, onDamage: () => watch.noteDamage() });
  function noteError(error: unknown): void {
    const reason = sqliteReason(error);
    metrics.storeErrors.inc({ reason });
    if (reason === 'damaged') watch.noteDamage();
  }
  let closing: Promise<void> | undefined;
  function notingErrors<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      noteError(error);
      throw error;
    }
  }
  async function close(): Promise<void> {
    watch.stop();
    stopChecking?.();
    reader?.close();
    await thread.close();
  }
  return {
    db: new Kysely<Tables>({ dialect: createThreadDialect(thread, noteError) }),
    isShared: false,
    rowsPerStatement: 1,
    ...(reader && { findRow: (node: string) => notingErrors(() => reader.find(node)) }),
    get fault() {
      return watch.fault;
    },
    refuseWhenLost() {
      const fault = watch.lost();
      if (!fault) return;
      metrics.storeErrors.inc({ reason: fault.reason });
      throw new StoreError(`the file of the store is not in its place (${fault.reason})`, fault.hint);
    },
    isRowFault: () => false,
    reasonOf: sqliteReason,
    close: () => (closing ??= close()),
  };
}
