/**
 * Finds the busiest second.
 * @param timesMs times of the events, in any order
 * @returns the most events within any second
 */
export function busiestSecond(timesMs: readonly number[]): number {
  const sorted = timesMs.toSorted((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [i, timeMs] of sorted.entries()) {
    while (timeMs - (sorted[first] ?? timeMs) >= 1000) first += 1;
    most = Math.max(most, i - first + 1);
  }
  return most;
}
