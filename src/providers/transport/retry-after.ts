/** Nobody is asked to wait longer, milliseconds: pushes have expired by then, and a typing error must not stop an app. */
export const longestRetryAfterMs = 24 * 3_600_000;

/**
 * `Retry-After` (RFC 9110 section 10.2.3) in milliseconds from now: a number of seconds or an HTTP date; undefined if
 * there is none that can be understood.
 * @param headers of the answer: a date in it is told by the same clock as its `Date`, which need not be ours
 */
export function readRetryAfter(
  headers: { readonly 'retry-after'?: string | string[] | undefined; readonly date?: string | string[] | undefined },
  nowMs: number,
): number | undefined {
  const { 'retry-after': value, date } = headers;
  if (typeof value !== 'string') return undefined;
  const saidAtMs = typeof date === 'string' ? readDate(date) : Number.NaN;
  const fromMs = Number.isNaN(saidAtMs) ? nowMs : saidAtMs;
  const ms = /^\s*\d+\s*$/.test(value) ? Number(value) * 1000 : readDate(value) - fromMs;
  return Number.isNaN(ms) ? undefined : Math.min(longestRetryAfterMs, Math.max(0, ms));
}

/**
 * All three forms of an HTTP date begin with a weekday and have a time; `Date.parse` alone takes almost anything. All are
 * in GMT, and that of asctime does not say so.
 */
function readDate(value: string): number {
  if (!/^\s*[A-Z][a-z]{2}.*\d\d:\d\d:\d\d/.test(value)) return Number.NaN;
  return Date.parse(value.includes('GMT') ? value : `${value} GMT`);
}
