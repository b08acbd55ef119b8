import type { Migration } from 'kysely/migration';
import { registrations } from './0001-registrations.ts';

/** In the order in which they run; a released one never changes. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-registrations': registrations,
};
