/** Compares the clock of this machine with that of the providers, which refuse what is signed at a wrong time. */
import { type Log, throttle } from '../telemetry/log.ts';
import type { Clock } from '../time/clock.ts';

/** Milliseconds from which on a difference is told: far more than an answer takes, less than any provider accepts. */
export const tolerated = 120_000;

const logEveryMs = 60_000;

/** Milliseconds between two dates that are read. */
const readEveryMs = 10_000;

/**
 * Milliseconds after which a date says nothing any more. While a machine is suspended its monotonic clock stands still, so that
 * a right clock looks wrong until a provider answers again.
 */
const staleAfterMs = 900_000;

interface ClockConcern {
  readonly reason: string;
  /** What to do. */
  readonly hint: string;
}

export interface ClockWatchOptions {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly log: Log;
}

export interface ClockWatch {
  /** @param date `Date` of an answer that has just come (RFC 9110 section 6.6.1); anything else is ignored */
  note(date: unknown): void;
  /** That the clock is wrong, and what to do; undefined: it is right, or no provider has told its time of late. */
  readonly concern: ClockConcern | undefined;
  /** Whether a provider has told its time. */
  readonly isKnown: boolean;
}

export function createClockWatch({ clock, log }: ClockWatchOptions): ClockWatch {
  /** The time of the provider when the monotonic clock was 0, in milliseconds since 1970. */
  let originMs: number | undefined;
  let readAtMs = -Infinity;
  const mayLog = throttle(logEveryMs, clock);

  /** How far our clock is ahead, counted anew, so that a clock that is set right is right at once. */
  const aheadMs = () =>
    originMs === undefined || clock.monotonic() - readAtMs > staleAfterMs
      ? 0
      : clock.now() - clock.monotonic() - originMs;

  return {
    note(date) {
      const nowMs = clock.monotonic();
      if (typeof date !== 'string' || nowMs - readAtMs < readEveryMs) return;
      const toldMs = date.endsWith(' GMT') ? Date.parse(date) : Number.NaN;
      if (Number.isNaN(toldMs)) return;
      readAtMs = nowMs;
      originMs = toldMs - nowMs;
      const concern = describe(aheadMs());
      if (concern && mayLog()) log.error({ durationMs: Math.abs(aheadMs()), hint: concern.hint }, concern.reason);
    },
    get concern() {
      return describe(aheadMs());
    },
    get isKnown() {
      return originMs !== undefined;
    },
  };
}

function describe(aheadMs: number): ClockConcern | undefined {
  if (Math.abs(aheadMs) <= tolerated) return undefined;
  const minutes = Math.round(Math.abs(aheadMs) / 60_000);
  const reason = `the clock of this machine is wrong: it is ${minutes} minutes ${aheadMs < 0 ? 'behind' : 'ahead of'} that of a provider`;
  const hint =
    'set it by NTP (timedatectl set-ntp true); no restart is needed. Providers refuse what is signed at a wrong time, and queued pushes expire too early or too late';
  return { reason, hint };
}
