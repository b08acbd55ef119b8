/**
 * Notices a server that is gone or hangs although its connection stands. TCP alone tells neither: it acknowledges for a
 * process that is stopped, and retries for a quarter of an hour towards a host that is gone.
 */
import type { LinkTiming } from '../stream/limits.ts';
import type { LossReason } from '../stream/disconnect-reasons.ts';

export interface WatchdogOptions {
  readonly timing: LinkTiming;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
}

/** What a connection looks like at a moment. */
export interface Vitals {
  readonly nowMs: number;
  /** We do not read, so silence says nothing. */
  readonly paused: boolean;
  readonly unsentBytes: number;
  readonly sentBytes: number;
}

export interface Watchdog {
  /** When anything last came, monotonic milliseconds. */
  readonly heardMs: number;
  heard(nowMs: number): void;
  /** Something was written that the server may not have got. */
  wrote(): void;
  /** To be called about once a second. */
  check(vitals: Vitals): 'well' | 'ping' | Extract<LossReason, 'ping-timeout' | 'stalled'>;
}

export function createWatchdog({ timing, startedMs }: WatchdogOptions): Watchdog {
  let heardMs = startedMs;
  let silentMs = startedMs;
  let unconfirmed = false;
  let pingingMs: number | undefined;
  let sent = 0;
  let sentMs = startedMs;

  return {
    get heardMs() {
      return heardMs;
    },
    heard(nowMs) {
      heardMs = nowMs;
      silentMs = nowMs;
      unconfirmed = false;
      pingingMs = undefined;
    },
    wrote() {
      unconfirmed = true;
    },
    check({ nowMs, paused, unsentBytes, sentBytes }) {
      if (unsentBytes === 0 || sentBytes !== sent) {
        sent = sentBytes;
        sentMs = nowMs;
      } else if (nowMs - sentMs >= timing.pongMs) return 'stalled';
      if (paused) {
        silentMs = nowMs;
        pingingMs = undefined;
        return 'well';
      }
      if (nowMs - silentMs < (unconfirmed ? timing.unconfirmedMs : timing.idleMs)) return 'well';
      pingingMs ??= nowMs;
      return nowMs - pingingMs >= timing.pongMs ? 'ping-timeout' : 'ping';
    },
  };
}
