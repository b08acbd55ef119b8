/** What bounds the registrations of one domain: a stranger may run a server with as many accounts as they like. */
import { type Kysely, sql } from 'kysely';
import { domainOf } from '../../core/jid.ts';
import { type Registration, TooManyRegistrations } from '../../core/registration.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from '../../time/clock.ts';
import type { Tables } from '../schema/tables.ts';
import type { RegistrationLimits } from './limits.ts';

const dayMs = 86_400_000;
/** With room for so many, a domain is not looked up again for so many milliseconds: fewer register in that time. */
const ample = 10_000;
const ampleMs = 1_000;
/** Domains whose room is remembered. */
const remembered = 1_000;
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

type Counted = Pick<Registration, 'account' | 'app'>;

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
  count(registrations: readonly Counted[], change: 'new' | 'back' | 'gone'): Promise<void>;
  /** Number of registrations by app name. */
  byApp(): Promise<ReadonlyMap<string, number>>;
}

export function createDomains({ db, limits, clock, log, metrics }: DomainsOptions): Domains {
  const today = () => Math.floor(clock.now() / dayMs);
  let quietUntilMs = -Infinity;
  /** By domain: how long it has room for more, without looking. */
  const roomUntilMs = new Map<string, number>();

  return {
    async whyFull(account) {
      // Strangers register without an account over HTTP: none of them may use up what others need.
      if (!account.includes('@')) return undefined;
      const domain = domainOf(account);
      if ((roomUntilMs.get(domain) ?? -Infinity) > clock.monotonic()) return undefined;
      const rows = await db
        .selectFrom('registration_count')
        .select(['registrations', 'day', 'made'])
        .where('domain', '=', domain)
        .execute();
      const day = today();
      const registrations = sum(rows, (row) => row.registrations);
      if (registrations >= limits.perDomain) return 'domain';
      const made = sum(rows, (row) => (row.day === day ? row.made : 0));
      if (made >= limits.newPerDay) return 'day';
      if (Math.min(limits.perDomain - registrations, limits.newPerDay - made) >= ample) {
        if (roomUntilMs.size >= remembered) roomUntilMs.clear();
        roomUntilMs.set(domain, clock.monotonic() + ampleMs);
      }
      return undefined;
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
      const alike = Object.values(
        Object.groupBy(registrations, (one) => JSON.stringify([domainOf(one.account), one.app])),
      );
      await Promise.all(alike.map((group = []) => countGroup(group, change)));
    },

    async byApp() {
      const rows = await db
        .selectFrom('registration_count')
        .select(['app', (eb) => eb.fn.sum<number>('registrations').as('registrations')])
        .groupBy('app')
        .execute();
      return new Map(rows.flatMap(({ app, registrations }) => (registrations > 0 ? [[app, registrations]] : [])));
    },
  };

  async function countGroup(group: readonly Counted[], change: 'new' | 'back' | 'gone'): Promise<void> {
    const [first] = group;
    if (!first) return;
    const by = change === 'gone' ? -group.length : group.length;
    const made = change === 'new' ? group.length : 0;
    const domain = domainOf(first.account);
    const counted = db
      .insertInto('registration_count')
      .values({ domain, app: first.app, registrations: Math.max(by, 0), day: today(), made })
      .onConflict((conflict) =>
        conflict.columns(['domain', 'app']).doUpdateSet({
          registrations: sql`registration_count.registrations + CAST(${by} AS BIGINT)`,
          made: sql`CASE WHEN registration_count.day = excluded.day THEN registration_count.made ELSE 0 END
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
    .deleteFrom('registration_count')
    .where('registrations', '<=', 0)
    .where('day', '<', Math.floor(nowMs / dayMs))
    .execute();
}

/** Counts all rows again, for a store that was filled otherwise. Reads the whole table. */
export async function recount(db: Kysely<Tables>): Promise<void> {
  const totals = new Map<string, Counted & { registrations: number }>();
  for (let after = ''; ;) {
    const rows = await db
      .selectFrom('registration')
      .select(['node_key', 'account', 'app', 'removed_at_ms'])
      .where('node_key', '>', after)
      .orderBy('node_key')
      .limit(recountedTogether)
      .execute();
    for (const { account, app, removed_at_ms: removedAtMs } of rows) {
      if (removedAtMs !== null) continue;
      const key = JSON.stringify([domainOf(account), app]);
      const total = totals.get(key) ?? { account, app, registrations: 0 };
      totals.set(key, { ...total, registrations: total.registrations + 1 });
    }
    const last = rows.at(-1);
    if (!last) break;
    after = last.node_key;
  }
  await db.deleteFrom('registration_count').execute();
  for (const { account, app, registrations } of totals.values()) {
    await db
      .insertInto('registration_count')
      .values({ domain: domainOf(account), app, registrations, day: 0, made: 0 })
      .execute();
  }
}

const recountedTogether = 1_000;

function sum<Row>(rows: readonly Row[], valueOf: (row: Row) => number): number {
  return rows.reduce((total, row) => total + valueOf(row), 0);
}
