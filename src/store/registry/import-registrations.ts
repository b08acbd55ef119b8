import { type Kysely, sql } from 'kysely';
import type { ForeignRegistration, ImportOutcome } from './contract.ts';
import type { RegistrationRequest } from '../../core/registration.ts';
import { domainOf } from '../../core/jid.ts';
import { foldedKey } from '../../core/short-key.ts';
import { toRow } from './rows.ts';
import type { RegistrationRow, Tables } from '../schema/tables.ts';

/**
 * Adds foreign registrations that are new, in one statement: a batch is there as a whole or not at all.
 * @returns in the order of the batch, what became of each
 */
export async function importRegistrations(
  db: Kysely<Tables>,
  batch: readonly ForeignRegistration[],
): Promise<readonly ImportOutcome[]> {
  const rows = batch.map(toForeignRow);
  const known = await findKnown(db, rows);
  const fresh = rows.filter((row) => outcomeOf(row, known) === undefined);
  // If a node or device is in the batch twice, the first counts: one statement cannot change a row twice.
  const wanted = fresh.filter(
    (row, i) => fresh.findIndex((one) => one.node === row.node || isSameDevice(one, row)) === i,
  );
  const inserted = new Set<string>();
  if (wanted.length > 0) {
    const stored = await db
      .insertInto('registration')
      .values(wanted)
      .onConflict((conflict) =>
        // A device that was removed here is as good as new.
        conflict
          .columns(['account_key', 'device_key', 'app'])
          .doUpdateSet(Object.fromEntries(columnsOf(wanted[0]).map((name) => [name, sql.ref(`excluded.${name}`)])))
          .where('registration.removed_at_ms', 'is not', null),
      )
      .returning('node')
      .execute();
    for (const { node } of stored) inserted.add(node);
  }
  return rows.map((row) => {
    const outcome = outcomeOf(row, known);
    if (outcome !== undefined) return outcome;
    // Its second appearance within the batch finds the first one here.
    if (inserted.delete(row.node)) {
      known.secrets.set(row.node, row.secret);
      return 'taken';
    }
    return 'device-known';
  });
}

/** What `importRegistrations` would say, without writing. Does not see that two within a batch exclude each other. */
export async function previewImport(
  db: Kysely<Tables>,
  batch: readonly ForeignRegistration[],
): Promise<readonly ImportOutcome[]> {
  const rows = batch.map(toForeignRow);
  const known = await findKnown(db, rows);
  const outcomes: ImportOutcome[] = [];
  for (const row of rows) {
    const device = db
      .selectFrom('registration')
      .select('node')
      .where('account_key', '=', row.account_key)
      .where('device_key', '=', row.device_key)
      .where('app', '=', row.app)
      .where('removed_at_ms', 'is', null);
    outcomes.push(outcomeOf(row, known) ?? ((await device.executeTakeFirst()) ? 'device-known' : 'taken'));
  }
  return outcomes;
}

/**
 * Gives a registration that was taken over from p2 to the account that it turns out to belong to. p2 kept neither account
 * nor device id, but the SHA-1 of both, and so knew its clients again; without this they would have two nodes after they
 * register here, and be woken twice.
 */
export async function claimImported(
  db: Kysely<Tables>,
  { app, account, device }: RegistrationRequest,
  hash: string,
): Promise<void> {
  await db
    .updateTable('registration')
    .set({ account, account_key: foldedKey(account), device, device_key: foldedKey(device), account_hash: null })
    .where('account_key', '=', foldedKey(domainOf(account)))
    .where('device_key', '=', foldedKey(hash))
    .where('app', '=', app)
    .where('account_hash', '=', hash)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('registration as other')
            .select('other.node')
            .where('other.account_key', '=', foldedKey(account))
            .where('other.device_key', '=', foldedKey(device))
            .where('other.app', '=', app),
        ),
      ),
    )
    .execute();
}

function isSameDevice(one: RegistrationRow, other: RegistrationRow): boolean {
  return one.device_key === other.device_key && one.account_key === other.account_key && one.app === other.app;
}

interface Known {
  /** Secrets by node. */
  readonly secrets: Map<string, string | null>;
  readonly removed: ReadonlySet<string>;
}

async function findKnown(db: Kysely<Tables>, rows: readonly RegistrationRow[]): Promise<Known> {
  const keys = rows.map((row) => row.node_key);
  if (keys.length === 0) return { secrets: new Map(), removed: new Set() };
  const here = await db
    .selectFrom('registration')
    .select(['node', 'secret', 'removed_at_ms as removedAtMs'])
    .where('node_key', 'in', keys)
    .execute();
  return {
    secrets: new Map(here.flatMap(({ node, secret, removedAtMs }) => (removedAtMs === null ? [[node, secret]] : []))),
    removed: new Set(here.flatMap(({ node, removedAtMs }) => (removedAtMs === null ? [] : [node]))),
  };
}

/** Undefined: as far as nodes go, it is new. */
function outcomeOf(row: RegistrationRow, { secrets, removed }: Known): ImportOutcome | undefined {
  const secret = secrets.get(row.node);
  if (secret !== undefined) return secret === row.secret ? 'present' : 'node-taken';
  return removed.has(row.node) ? 'removed' : undefined;
}

function toForeignRow(foreign: ForeignRegistration): RegistrationRow {
  const { node, secret, accountHash, registeredAtMs } = foreign;
  const row = toRow({ ...foreign, withSecret: false }, node, secret ?? null, registeredAtMs);
  return { ...row, account_hash: accountHash ?? null };
}

function columnsOf(row: RegistrationRow | undefined): readonly (keyof RegistrationRow)[] {
  return Object.keys(row ?? {}) as (keyof RegistrationRow)[];
}
