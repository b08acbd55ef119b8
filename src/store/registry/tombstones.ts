import type { Kysely } from 'kysely';
import type { Clock } from '../../time/clock.ts';
import { errorCode, type Log } from '../../telemetry/log.ts';
import type { Tables } from './tables.ts';

/** Longer than a server that was off for a year needs to hear that a device is gone. */
export const TOMBSTONE_LIFE_MS = 400 * 86_400_000;
const PRUNE_EVERY_MS = 86_400_000;
/** Rows a statement, so that notifications are looked up in between. */
export const BATCH = 200;

export interface TombstoneOptions {
  readonly db: Kysely<Tables>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Forgets tombstones that are older than `TOMBSTONE_LIFE_MS`, now and daily. Returns what ends it. */
export function keepTombstonesBounded({ db, clock, log }: TombstoneOptions): () => Promise<void> {
  let cancel = () => {};
  let running = Promise.resolve();
  const ended = new AbortController();
  const run = (): void => {
    running = prune().catch((error: unknown) => {
      log.warn({ reason: errorCode(error) }, 'cannot forget old tombstones; trying again tomorrow');
    });
    cancel = clock.after(PRUNE_EVERY_MS, run);
  };
  const prune = async (): Promise<void> => {
    let forgotten = BATCH;
    while (forgotten === BATCH && !ended.signal.aborted) {
      const old = db
        .selectFrom('removed_node')
        .select('node')
        .where('removed_at_ms', '<', clock.now() - TOMBSTONE_LIFE_MS)
        .limit(BATCH);
      const result = await db.deleteFrom('removed_node').where('node', 'in', old).executeTakeFirst();
      forgotten = Number(result.numDeletedRows);
      await new Promise(setImmediate);
    }
  };
  run();
  return async () => {
    ended.abort();
    cancel();
    await running;
  };
}
