import type { DatabaseSync } from 'node:sqlite';

/**
 * Makes all that waits due when wall time was set back since the latest push was stored, as it shows after a restart: times
 * of then would hold it up for as long.
 */
export function forgetTimesToCome(database: DatabaseSync, nowMs: number): void {
  const latest = database.prepare('SELECT stored_at_ms AS storedAtMs FROM queued_push ORDER BY seq DESC LIMIT 1').get();
  if (latest === undefined || Number(latest['storedAtMs']) <= nowMs) return;
  try {
    database.prepare('UPDATE queued_push SET due_at_ms = ?1 WHERE due_at_ms > ?1').run(nowMs);
  } catch {
    // A full disk, most likely. It waits for the longest pause at most.
  }
}
