/** Longest accepted `Retry-After` in milliseconds; pushes expire by then, and a wrong value must not stop an app. */
const longestRetryAfterMs = 24 * 3_600_000;

/**
 * Milliseconds from now that `Retry-After` (RFC 9110 section 10.2.3) asks for, as seconds or as an HTTP date; undefined
 * if it is absent or not valid.
 * @param headers of the answer; a date in it is compared with its `Date`, since the provider's clock may differ from
 * ours
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
 * Accepts the three forms of an HTTP date, which start with a weekday and contain a time (`Date.parse` accepts almost
 * anything). All are in GMT, which the asctime form does not state.
 */
function readDate(value: string): number {
  if (!/^\s*[A-Z][a-z]{2}.*\d\d:\d\d:\d\d/.test(value)) return Number.NaN;
  return Date.parse(value.includes('GMT') ? value : `${value} GMT`);
}
