import type { DatabaseSync } from 'node:sqlite';

/** Exit code of `structure-process.ts` that says that a file is damaged. */
export const damagedCode = 65;

/** Whether the structure of the file is sound. Reads all of it: half a second for a million registrations. */
export function isSound(database: DatabaseSync): boolean {
  const { quick_check: verdict } = database.prepare('PRAGMA quick_check(1)').get() ?? {};
  return verdict === 'ok';
}
