import type { Random } from './clock.ts';

export interface BackoffOptions {
  /** Failed attempts in a row so far, at least 1. */
  readonly attempt: number;
  /** Longest pause after the first failure in milliseconds; it doubles with each further failure. */
  readonly baseMs: number;
  /** Longest pause after any number of failures in milliseconds, without `afterMs`. */
  readonly capMs: number;
  readonly random: Random;
  /** Milliseconds from now that the other side asked to wait at least (`Retry-After`). */
  readonly afterMs?: number;
}

/**
 * Milliseconds until the next attempt, with full jitter: evenly spread from 0 to the exponential bound, so that callers
 * that failed together do not return together. `afterMs` is added for the same reason: all who were asked to wait a
 * minute would otherwise return at once.
 */
export function backoffMs({ attempt, baseMs, capMs, random, afterMs = 0 }: BackoffOptions): number {
  const boundMs = Math.min(capMs, baseMs * 2 ** Math.max(0, attempt - 1));
  return Math.max(0, afterMs) + random() * boundMs;
}
