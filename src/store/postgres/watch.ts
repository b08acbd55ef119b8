import type { Kysely } from 'kysely';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from '../../time/clock.ts';
import { createFaultReporter, type StoreFault } from '../engine/fault.ts';
import type { Tables } from '../schema/tables.ts';
import { isReadOnly } from './open.ts';
import { faultOf, postgresFault } from './reason.ts';

/** Milliseconds between two checks. */
const lookEveryMs = 5_000;

export interface PostgresWatchOptions {
  readonly db: Kysely<Tables>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'storeUp' | 'storeErrors'>;
}

export interface PostgresWatch {
  /** What the last check found; undefined: nothing. */
  readonly fault: StoreFault | undefined;
  stop(): void;
}

/** Checks every 5 s that the database answers and may be written. */
export function watchPostgres({ db, clock, log, metrics }: PostgresWatchOptions): PostgresWatch {
  const report = createFaultReporter({ clock, log, metrics });
  let fault: StoreFault | undefined;
  let cancel = () => {};
  let isStopped = false;

  async function look(): Promise<void> {
    try {
      fault = (await isReadOnly(db)) ? faultOf('read-only') : undefined;
    } catch (error) {
      fault = postgresFault(error);
    }
    if (isStopped) return;
    report(fault);
    cancel = clock.after(lookEveryMs, () => void look());
  }

  void look();
  return {
    get fault() {
      return fault;
    },
    stop() {
      isStopped = true;
      cancel();
    },
  };
}
