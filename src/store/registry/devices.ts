/** Registrations as an operator asks about them: removed ones too, with what was noted of each. */
import { type Kysely, sql } from 'kysely';
import type { Registration } from '../../core/registration.ts';
import type { Database } from '../engine/database.ts';
import { foldedKey } from '../../core/short-key.ts';
import { type RegistrationRow, registrationColumns, type RemovalReason, type Tables } from '../schema/tables.ts';
import type { DeviceNote } from './contract.ts';
import { toRegistration } from './rows.ts';

/** Rows read by one statement, so that notifications are looked up in between. */
const pageRows = 1_000;

/** A registration, and what is known of it. Times are milliseconds since 1970. */
export interface DeviceRecord {
  readonly registration: Registration;
  /** How often the device has registered since it came in. */
  readonly timesRegistered: number;
  /** Absent: it came in before this was kept, or was imported or made of its node. */
  readonly firstRegisteredAtMs?: number;
  readonly removed?: { readonly atMs: number; readonly reason: RemovalReason };
  /** As of the latest write: see `delivery/device-notes.ts`. */
  readonly published?: { readonly atMs: number; readonly outcome: string };
  readonly pushed?: NonNullable<DeviceNote['pushed']>;
}

export interface Devices {
  /** The devices of an account in all apps, the latest registered first, removed ones last; at most `limit`. */
  ofAccount(account: string, limit: number): Promise<readonly DeviceRecord[]>;
  /** The one whose node has this fingerprint (`telemetry/log.ts`), removed or not. */
  byFingerprint(print: string): Promise<DeviceRecord | undefined>;
  /** Those with a first or second token that begins so, at most `limit`. Reads all registrations. */
  byToken(prefix: string, limit: number, signal?: AbortSignal): Promise<readonly DeviceRecord[]>;
  /** All that are not removed, page by page. */
  all(): AsyncIterable<readonly DeviceRecord[]>;
}

const columns = [
  ...registrationColumns,
  ...(['node_key', 'times_registered', 'first_registered_at_ms', 'removed_at_ms', 'removal_reason'] as const),
  ...(['published_at_ms', 'publish_outcome', 'pushed_at_ms', 'push_result'] as const),
] as const;

/** Devices on any database of `store/`. */
export function createDevices({ db, isShared }: Pick<Database, 'db' | 'isShared'>): Devices {
  const table = () => db.selectFrom('registration').select(columns);

  return {
    async ofAccount(account, limit) {
      const rows = await table()
        .where('account_key', '=', foldedKey(account))
        .orderBy(sql`CASE WHEN removed_at_ms IS NULL THEN 0 ELSE 1 END`)
        .orderBy('registered_at_ms', 'desc')
        .limit(limit)
        .execute();
      return rows.map(toRecord);
    },

    async byFingerprint(print) {
      // A fingerprint is the begin of the hash that the key is made of, both of the node.
      const begin = Buffer.from(print, 'hex').toString('base64url');
      const row = await table()
        .where(sql<boolean>`substr(node_key, 1, ${begin.length}) = ${begin}`)
        // Keys are in the order of their bytes on SQLite alone; PostgreSQL reads all, in a process of its own.
        .$if(!isShared, (query) => query.where('node_key', '>=', begin).where('node_key', '<', `${begin}~`))
        .executeTakeFirst();
      return row && toRecord(row);
    },

    async byToken(prefix, limit, signal) {
      const found: DeviceRecord[] = [];
      const begins = sql<boolean>`(substr(token, 1, ${prefix.length}) = ${prefix}
        OR substr(second_token, 1, ${prefix.length}) = ${prefix})`;
      for (let after = ''; ;) {
        signal?.throwIfAborted();
        const last = await endOfPage(db, after);
        if (last === undefined) return found;
        const page = table().where('node_key', '>', after).where('node_key', '<=', last).where(begins);
        found.push(...(await page.limit(limit - found.length).execute()).map(toRecord));
        if (found.length >= limit) return found;
        after = last;
      }
    },

    async *all() {
      for (let after = ''; ;) {
        const page = await table()
          .where('node_key', '>', after)
          .where('removed_at_ms', 'is', null)
          .orderBy('node_key')
          .limit(pageRows)
          .execute();
        const last = page.at(-1);
        if (!last) return;
        yield page.map(toRecord);
        after = last.node_key;
      }
    },
  };
}

/** The last key of the page after this one; undefined: there is none after it. */
async function endOfPage(db: Kysely<Tables>, after: string): Promise<string | undefined> {
  const page = db
    .selectFrom('registration')
    .select('node_key')
    .where('node_key', '>', after)
    .orderBy('node_key')
    .limit(pageRows);
  const row = await db
    .selectFrom(page.as('page'))
    .select((eb) => eb.fn.max('page.node_key').as('last'))
    .executeTakeFirst();
  return row?.last ?? undefined;
}

function toRecord(row: Pick<RegistrationRow, (typeof columns)[number]>): DeviceRecord {
  const { removed_at_ms: removedAtMs, removal_reason: reason } = row;
  const { published_at_ms: publishedAtMs, publish_outcome: outcome, pushed_at_ms: pushedAtMs } = row;
  return {
    registration: toRegistration(row),
    timesRegistered: Math.max(1, row.times_registered),
    ...(row.first_registered_at_ms !== null && { firstRegisteredAtMs: row.first_registered_at_ms }),
    ...(removedAtMs !== null && reason !== null && { removed: { atMs: removedAtMs, reason } }),
    ...(publishedAtMs !== null && { published: { atMs: publishedAtMs, outcome: outcome ?? '' } }),
    ...(pushedAtMs !== null && { pushed: { atMs: pushedAtMs, result: row.push_result ?? '' } }),
  };
}
