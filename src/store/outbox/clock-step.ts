import type { DatabaseSync } from 'node:sqlite';

/**
 * Makes every waiting push due if wall time was set back since the latest push was stored, as it shows after a restart.
 * Their due times would otherwise delay them by as much.
 */
export function capDueTimes(database: DatabaseSync, nowMs: number): void {
  const latest = database.prepare('SELECT stored_at_ms AS storedAtMs FROM queued_push ORDER BY seq DESC LIMIT 1').get();
  if (latest === undefined || Number(latest['storedAtMs']) <= nowMs) return;
  try {
    database.prepare('UPDATE queued_push SET due_at_ms = ?1 WHERE due_at_ms > ?1').run(nowMs);
  } catch {
    // Most likely the disk is full. Then the pushes wait for the longest pause at most.
  }
}
