/** Nobody is asked to wait longer, milliseconds: pushes have expired by then, and a typing error must not stop an app. */
export const longestRetryAfterMs = 24 * 3_600_000;

/**
 * `Retry-After` (RFC 9110 section 10.2.3) in milliseconds from now: a number of seconds or an HTTP date; undefined if
 * there is none that can be understood.
 */
export function readRetryAfter(value: string | string[] | undefined, nowMs: number): number | undefined {
  if (typeof value !== 'string') return undefined;
  const ms = /^\s*\d+\s*$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(longestRetryAfterMs, Math.max(0, ms));
}
