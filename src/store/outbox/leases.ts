import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Tables } from '../schema/tables.ts';
import { dueDomains, leaseDomain, type Wanted } from './statements.ts';
import type { LeasedRow } from './stored-push.ts';

export interface LeasesOptions {
  readonly db: Kysely<Tables>;
  /** Whether other processes lease from the same store. */
  readonly isShared: boolean;
}

/** Leases due pushes of an app. */
export type TakeLease = (
  wanted: { readonly app: string; readonly nowMs: number; readonly endsAtMs: number },
  limit: number,
  of: 'all' | 'calls',
) => Promise<LeasedRow[]>;

/**
 * Makes the function that leases. Domains take turns: each lease begins after the domain where the one before ended, so
 * that a domain with a million pushes gets no more than its turn while others have any.
 */
export function createLeases({ db, isShared }: LeasesOptions): TakeLease {
  /** By app and kind: the domain that had the latest turn. Apps come from the config, so there are few. */
  const latest = new Map<string, string>();
  const locking: RawBuilder<unknown> = isShared ? sql`FOR UPDATE SKIP LOCKED` : sql``;

  /** Domains whose turn it is, at most `limit`, beginning after the one that had the latest turn. */
  async function takeTurns(wanted: Wanted, limit: number): Promise<readonly string[]> {
    const key = `${wanted.call} ${wanted.app}`;
    const after = latest.get(key) ?? '';
    const domains = await dueDomains(db, wanted, after, limit);
    if (domains.length < limit && after !== '') {
      const again = await dueDomains(db, wanted, '', limit - domains.length);
      domains.push(...again.filter((domain) => !domains.includes(domain)));
    }
    const last = domains.at(-1);
    if (last !== undefined) latest.set(key, last);
    return domains;
  }

  return async ({ app, nowMs, endsAtMs }, limit, of) => {
    const leased: LeasedRow[] = [];
    for (const call of of === 'calls' ? ([1] as const) : ([1, 0] as const)) {
      const room = limit - leased.length;
      if (room <= 0) break;
      const wanted = { app, call, nowMs };
      const domains = await takeTurns(wanted, room);
      const share = Math.floor(room / Math.max(1, domains.length));
      const rows = await Promise.all(
        domains.map((domain, i) => {
          const extra = i < room - share * domains.length ? 1 : 0;
          return leaseDomain(db, wanted, domain, { limit: share + extra, endsAtMs, locking });
        }),
      );
      leased.push(...rows.flat().toSorted((one, other) => other.seq - one.seq));
    }
    return leased;
  };
}
