import type { Random } from './clock.ts';

export interface BackoffOptions {
  /** How many attempts failed so far in a row, from 1; the pause before the next one is wanted. */
  readonly attempt: number;
  /** Longest pause after the first failure, milliseconds; it doubles with each further one. */
  readonly baseMs: number;
  /** The longest pause ever, milliseconds, apart from what `afterMs` adds. */
  readonly capMs: number;
  readonly random: Random;
  /** What the other side asked to wait at least (`Retry-After`), milliseconds from now. */
  readonly afterMs?: number;
}

/**
 * The pause before the next attempt, milliseconds, with full jitter: evenly spread from nothing to the exponential
 * bound, so that many that failed together do not come back together. It starts where `afterMs` ends: all who were
 * asked to wait for a minute would otherwise return in the same instant.
 */
export function backoffMs({ attempt, baseMs, capMs, random, afterMs = 0 }: BackoffOptions): number {
  const boundMs = Math.min(capMs, baseMs * 2 ** Math.max(0, attempt - 1));
  return Math.max(0, afterMs) + random() * boundMs;
}
