import { type Log, throttleEach } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from '../../time/clock.ts';

/** Milliseconds between two log lines about faults for one reason. */
const logEveryMs = 60_000;

/** What is wrong with the store, and what to do. */
export interface StoreFault {
  /** One of a limited set of words. */
  readonly reason: string;
  /** What an operator should do. */
  readonly hint: string;
}

export interface FaultReporterOptions {
  /** Path of the store's file; absent for a database server. */
  readonly file?: string;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'storeUp' | 'storeErrors'>;
}

/** Makes the function that tells log and metrics what a check of the store found; undefined: nothing. */
export function createFaultReporter({ file, clock, log, metrics }: FaultReporterOptions) {
  const mayLog = throttleEach(logEveryMs, clock);
  let isSaid = false;
  const where = file === undefined ? {} : { file };

  return (found: StoreFault | undefined): void => {
    metrics.storeUp.set({}, found ? 0 : 1);
    if (found) metrics.storeErrors.inc({ reason: found.reason });
    if (found && mayLog(found.reason)) {
      isSaid = true;
      log.error({ ...where, ...found }, 'the store cannot keep registrations: devices are told to register later');
    } else if (!found && isSaid) {
      isSaid = false;
      log.info(where, 'the store keeps registrations again');
    }
  };
}
