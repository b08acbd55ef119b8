/** Nobody is asked to wait longer, milliseconds: pushes have expired by then, and a typing error must not stop an app. */
export const longestRetryAfterMs = 24 * 3_600_000;

/**
 * `Retry-After` (RFC 9110 section 10.2.3) in milliseconds from now: a number of seconds or an HTTP date; undefined if
 * there is none that can be understood.
 */
export function readRetryAfter(value: string | string[] | undefined, nowMs: number): number | undefined {
  if (typeof value !== 'string') return undefined;
  const ms = /^\s*\d+\s*$/.test(value) ? Number(value) * 1000 : readDate(value) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(longestRetryAfterMs, Math.max(0, ms));
}

/** All three forms of an HTTP date begin with a weekday and have a time; `Date.parse` alone takes almost anything. */
function readDate(value: string): number {
  return /^\s*[A-Z][a-z]{2}.*\d\d:\d\d:\d\d/.test(value) ? Date.parse(value) : Number.NaN;
}
