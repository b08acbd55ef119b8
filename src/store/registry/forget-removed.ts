import type { Kysely } from 'kysely';
import type { Clock } from '../../time/clock.ts';
import { errorCode } from '../../telemetry/error-code.ts';
import type { Log } from '../../telemetry/log.ts';
import { forgetEmptyDomains } from './domains.ts';
import type { Tables } from '../schema/tables.ts';

/** Longer than a year, so that a server that was off for a year still learns that a device is gone. */
const REMOVED_LIFE_MS = 400 * 86_400_000;
const FORGET_EVERY_MS = 86_400_000;
/** Rows a statement, so that notifications are looked up in between. */
const BATCH = 200;

export interface ForgetRemovedOptions {
  readonly db: Kysely<Tables>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Deletes registrations that were removed longer than `REMOVED_LIFE_MS` ago, now and daily. Returns what ends it. */
export function forgetRemoved({ db, clock, log }: ForgetRemovedOptions): () => Promise<void> {
  let cancel = () => {};
  let running = Promise.resolve();
  const ended = new AbortController();
  const run = (): void => {
    running = forget().catch((error: unknown) => {
      log.warn({ reason: errorCode(error) }, 'cannot forget registrations removed long ago; trying again tomorrow');
    });
    cancel = clock.after(FORGET_EVERY_MS, run);
  };
  const forget = async (): Promise<void> => {
    let forgotten = BATCH;
    while (forgotten === BATCH && !ended.signal.aborted) {
      const old = db
        .selectFrom('registration')
        .select('node_key')
        .where('removed_at_ms', '<', clock.now() - REMOVED_LIFE_MS)
        .limit(BATCH);
      const result = await db.deleteFrom('registration').where('node_key', 'in', old).executeTakeFirst();
      forgotten = Number(result.numDeletedRows);
      await new Promise(setImmediate);
    }
    await forgetEmptyDomains(db, clock.now());
  };
  run();
  return async () => {
    ended.abort();
    cancel();
    await running;
  };
}
