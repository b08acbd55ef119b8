/** What bounds the registrations of one domain: a stranger may run a server with as many accounts as they like. */
import { type Kysely, sql } from 'kysely';
import { domainOf } from '../../core/jid.ts';
import { TooManyRegistrations } from '../../core/registration.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from '../../time/clock.ts';
import type { Tables } from '../schema/tables.ts';
import type { RegistrationLimits } from './limits.ts';

const dayMs = 86_400_000;
/** Milliseconds between two log lines. */
const quietMs = 60_000;

export interface DomainsOptions {
  readonly db: Kysely<Tables>;
  readonly limits: RegistrationLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'registrationsRefused'>;
}

/** `domain`: it has as many registrations as it may have; `day`: as many were new today. */
type FullReason = 'domain' | 'day';

/** Counts the registrations of each domain. */
export interface Domains {
  /** Why the domain of this account may not have another registration now; undefined: it may. */
  whyFull(account: string): Promise<FullReason | undefined>;
  /** Counts and logs that a new device of this account is refused. */
  refuse(account: string, reason: FullReason): TooManyRegistrations;
  /**
   * Notes that these were added or removed. A count that could not be written is wrong from then on by as much, which is no
   * reason to tell a client that registering failed.
   */
  count(registrations: readonly { readonly account: string }[], change: 'new' | 'back' | 'gone'): Promise<void>;
}

export function createDomains({ db, limits, clock, log, metrics }: DomainsOptions): Domains {
  const today = () => Math.floor(clock.now() / dayMs);
  let quietUntilMs = -Infinity;

  return {
    async whyFull(account) {
      const row = await db
        .selectFrom('registering_domain')
        .select(['registrations', 'day', 'made'])
        .where('domain', '=', domainOf(account))
        .executeTakeFirst();
      if (!row) return undefined;
      if (row.registrations >= limits.perDomain) return 'domain';
      return row.day === today() && row.made >= limits.newPerDay ? 'day' : undefined;
    },

    refuse(account, reason) {
      metrics.registrationsRefused.inc({ reason });
      if (clock.monotonic() >= quietUntilMs) {
        quietUntilMs = clock.monotonic() + quietMs;
        const key = reason === 'day' ? 'newPerDay' : 'perDomain';
        const hint = `If these are users of your own, raise registrations: { ${key}: ${limits[key]} } in the config.`;
        log.warn({ domain: domainOf(account), reason, hint }, 'refusing to register new devices of a domain');
      }
      return new TooManyRegistrations(reason);
    },

    async count(registrations, change) {
      const byDomain = Object.entries(Object.groupBy(registrations, ({ account }) => domainOf(account)));
      await Promise.all(byDomain.map(([domain, added = []]) => countDomain(domain, added.length, change)));
    },
  };

  async function countDomain(domain: string, size: number, change: 'new' | 'back' | 'gone'): Promise<void> {
    const by = change === 'gone' ? -size : size;
    const made = change === 'new' ? size : 0;
    const counted = db
      .insertInto('registering_domain')
      .values({ domain, registrations: Math.max(by, 0), day: today(), made })
      .onConflict((conflict) =>
        conflict.column('domain').doUpdateSet({
          registrations: sql`registering_domain.registrations + CAST(${by} AS BIGINT)`,
          made: sql`CASE WHEN registering_domain.day = excluded.day THEN registering_domain.made ELSE 0 END
              + excluded.made`,
          day: sql`excluded.day`,
        }),
      );
    await counted.execute().catch(() => undefined);
  }
}

/** Forgets domains without registrations. */
export async function forgetEmptyDomains(db: Kysely<Tables>, nowMs: number): Promise<void> {
  await db
    .deleteFrom('registering_domain')
    .where('registrations', '<=', 0)
    .where('day', '<', Math.floor(nowMs / dayMs))
    .execute();
}
