/**
 * Detects a server that is gone or hangs while the connection stays open. TCP detects neither: the kernel of a stopped
 * process still acknowledges, and TCP retries for a quarter of an hour if the host is gone.
 */
import type { LinkTiming } from '../stream/limits.ts';
import type { DisconnectReason } from '../stream/disconnect-reasons.ts';

export interface WatchdogOptions {
  readonly timing: LinkTiming;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
}

/** State of a connection at one moment. */
export interface ConnectionState {
  readonly nowMs: number;
  /** Reading is paused, so silence means nothing. */
  readonly paused: boolean;
  readonly unsentBytes: number;
  readonly sentBytes: number;
}

/** Watches one connection. It has no timer of its own. */
export interface Watchdog {
  /** When anything last arrived, in monotonic milliseconds. */
  readonly heardMs: number;
  heard(nowMs: number): void;
  /** Something was written that the server may not have received. */
  wrote(): void;
  /** Says what to do now. To be called about once a second. */
  check(state: ConnectionState): 'well' | 'ping' | Extract<DisconnectReason, 'ping-timeout' | 'stalled'>;
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
