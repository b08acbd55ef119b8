import { type CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely';
import type { Clock } from '../../time/clock.ts';
import { foldCase } from '../../core/jid.ts';
import type { NodeNames } from '../../nodes/node-names.ts';
import type { UnsealedNodes } from '../../nodes/node-key.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { type Registry, registrationsPerAccount, type RemovalReason } from './contract.ts';
import type { RegistrationMatch } from '../../core/registration.ts';
import { registrationColumns, toRegistration, toRow } from './rows.ts';
import type { RegistrationRow, Tables } from './tables.ts';
import { restore } from './restore.ts';
import { claimImported, importRegistrations } from './import-registrations.ts';

/** More than one only after devices came in at the same time. */
const displacedAtOnce = 10;

export interface RegistryOptions {
  readonly db: Kysely<Tables>;
  readonly clock: Clock;
  readonly nodes: Pick<NodeNames, 'make' | 'noteUnsealed'>;
  readonly metrics: Metrics;
}

/** The registry on any database that kysely speaks to. */
export async function createRegistry({ db, clock, nodes, metrics }: RegistryOptions): Promise<Registry> {
  // Compiled once: composing the query would cost more than running it.
  const findQuery = db.selectFrom('registration').select(registrationColumns).where('node', '=', '').compile();
  const wasRemovedQuery = db.selectFrom('removed_node').select('node').where('node', '=', '').compile();
  const pingQuery = db.selectFrom('registration').select('node').limit(1).compile();

  const count = async (): Promise<Map<string, number>> => {
    const rows = await db
      .selectFrom('registration')
      .select(['app', (eb) => eb.fn.countAll<number | string>().as('registrations')])
      .groupBy('app')
      .execute();
    return new Map(rows.map(({ app, registrations }) => [app, Number(registrations)]));
  };

  const list: Registry['list'] = async ({ app, account, device }, limit) => {
    const rows = await db
      .selectFrom('registration')
      .select(registrationColumns)
      .where('account_key', '=', foldCase(account))
      .where('app', '=', app)
      .$if(device !== undefined, (query) => query.where('device_key', '=', foldCase(device ?? '')))
      .orderBy('registered_at_ms', 'desc')
      .limit(limit)
      .execute();
    return rows.map(toRegistration);
  };

  /**
   * The tombstones come first: to have one while the registration is still there is harmless, the reverse is not. It is
   * no transaction because one that waits for its next statement stops the process as soon as another connection writes.
   * What comes in or is renewed meanwhile stays: its device was told that it is registered.
   */
  const removeWhere = async (reason: RemovalReason, condition: RawBuilder<boolean>) => {
    const found = await db
      .selectFrom('registration')
      .select(['node', 'app', 'registered_at_ms as registeredAtMs'])
      .where(condition)
      .execute();
    let removed = 0;
    for (const { node, app, registeredAtMs } of found) {
      const tombstone = { reason, removed_at_ms: clock.now() };
      await db
        .insertInto('removed_node')
        .values({ node, ...tombstone })
        .onConflict((conflict) => conflict.column('node').doUpdateSet(tombstone))
        .execute();
      const { numDeletedRows } = await db
        .deleteFrom('registration')
        .where(asOf(node, registeredAtMs))
        .executeTakeFirstOrThrow();
      if (numDeletedRows === 0n) continue;
      removed += 1;
      metrics.registrationsRemoved.inc({ app, reason });
      metrics.registrations.dec({ app });
    }
    return { found: found.length, removed };
  };

  /**
   * A client that makes up devices without end displaces its own, but never the one that is being registered, whatever
   * wall time does. Without an account nothing says whose they are.
   */
  const displaceOldest = async ({ account_key: account, app, node: own }: RegistrationRow): Promise<void> => {
    if (!account.includes('@')) return;
    const beyond = await db
      .selectFrom('registration')
      .select(['node', 'registered_at_ms'])
      .where('account_key', '=', account)
      .where('app', '=', app)
      .where('node', '!=', own)
      .orderBy('registered_at_ms', 'desc')
      .limit(displacedAtOnce)
      .offset(registrationsPerAccount - 1)
      .execute();
    for (const { node, registered_at_ms: atMs } of beyond) await removeWhere('displaced', asOf(node, atMs));
  };

  const unsealedNodes = async (): Promise<ReadonlySet<UnsealedNodes>> => {
    const rows = await db.selectFrom('unsealed_nodes').select('kind').execute();
    return new Set(rows.map(({ kind }) => kind));
  };

  const noteImported = async (): Promise<void> => {
    const note = db.insertInto('unsealed_nodes').values({ kind: 'imported' });
    await note.onConflict((conflict) => conflict.doNothing()).execute();
    nodes.noteUnsealed(new Set(['imported']));
  };

  nodes.noteUnsealed(await unsealedNodes());
  for (const [app, registrations] of await count()) metrics.registrations.set({ app }, registrations);

  return {
    async find(node) {
      const { rows } = await db.executeQuery(bind(findQuery, node));
      return rows[0] && toRegistration(rows[0]);
    },

    async register(request) {
      if (request.importedAs !== undefined) await claimImported(db, request, request.importedAs);
      const { node, secret, holds } = nodes.make(request);
      const row = toRow(request, node, secret ?? null, clock.now());
      // One statement, so that requests at the same time give one row.
      const stored = await db
        .insertInto('registration')
        .values(row)
        .onConflict((conflict) =>
          conflict.columns(['account_key', 'device_key', 'app']).doUpdateSet({
            // A node says whether publishes must carry a secret.
            node: sql`CASE WHEN (registration.secret IS NULL) = (excluded.secret IS NULL)
              THEN registration.node ELSE excluded.node END`,
            convention: row.convention,
            account: row.account,
            device: row.device,
            token: row.token,
            token_key: row.token_key,
            second_token: row.second_token,
            secret: row.secret === null ? null : sql`coalesce(registration.secret, excluded.secret)`,
            environment: sql`CASE WHEN registration.token_key = excluded.token_key THEN registration.environment END`,
            // Always later than before, whatever wall time does: `remove` tells registrations apart by it.
            registered_at_ms: sql`CASE WHEN registration.registered_at_ms < excluded.registered_at_ms
              THEN excluded.registered_at_ms ELSE registration.registered_at_ms + 1 END`,
            room: row.room,
            component: row.component,
            times_registered: sql`registration.times_registered + 1`,
            is_restored: 0,
          }),
        )
        .returning([...registrationColumns, 'times_registered'])
        .executeTakeFirstOrThrow();
      if (stored.times_registered === 1) {
        metrics.registrations.inc({ app: request.app });
        metrics.nodesMade.inc({ app: request.app, holds });
        await displaceOldest(row);
      }
      return toRegistration(stored);
    },

    async readmit(opened) {
      const { node, secret, registeredAtMs } = opened;
      const row = toRow({ ...opened, withSecret: false }, node, secret ?? null, registeredAtMs);
      const { numInsertedOrUpdatedRows: inserted } = await db
        .insertInto('registration')
        .values({ ...row, is_restored: 1 })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      if (inserted === 1n) {
        metrics.registrations.inc({ app: opened.app });
        metrics.registrationsReadmitted.inc({ app: opened.app });
        await displaceOldest(row);
        return opened;
      }
      const [standing] = await list(opened, 1);
      return standing;
    },

    list,

    async importRegistrations(batch) {
      // First: the loss of the store after this is not to make them unknown.
      await noteImported();
      const outcomes = await importRegistrations(db, batch);
      for (const [i, { app }] of batch.entries()) if (outcomes[i] === 'taken') metrics.registrations.inc({ app });
      return outcomes;
    },

    unregister: async (match) => (await removeWhere('unregistered', matching(match))).found,

    remove: async (node, knownAtMs, reason) => (await removeWhere(reason, asOf(node, knownAtMs))).removed > 0,

    async restore(registrations) {
      let restored = 0;
      for (const registration of registrations) {
        const came = await restore(db, registration);
        if (came === undefined) continue;
        restored += 1;
        metrics.registrationsRestored.inc({ app: registration.app });
        if (came === 'back') metrics.registrations.inc({ app: registration.app });
      }
      return restored;
    },

    async dropSecondToken(node, secondToken) {
      await db
        .updateTable('registration')
        .set({ second_token: null })
        .where('node', '=', node)
        .where('second_token', '=', secondToken)
        .execute();
    },

    async rememberEnvironment(node, environment) {
      await db.updateTable('registration').set({ environment }).where('node', '=', node).execute();
    },

    async wasRemoved(node) {
      const { rows } = await db.executeQuery(bind(wasRemovedQuery, node));
      return rows.length > 0;
    },

    unsealedNodes,

    count,

    async ping() {
      await db.executeQuery(pingQuery);
    },

    close: () => db.destroy(),
  };
}

/** Devices are named by their token; by their id in conventions that have one; or by the node that they were given. */
function matching({ account, token, app }: RegistrationMatch) {
  const named = foldCase(token);
  const anyApp = sql<boolean>`account_key = ${foldCase(account)} 
    AND (token_key = ${named} OR device_key = ${named} OR node = ${token})`;
  return app === undefined ? anyApp : sql<boolean>`${anyApp} AND app = ${app}`;
}

/** A registration, unless it was renewed since. */
function asOf(node: string, knownAtMs: number) {
  return sql<boolean>`node = ${node} AND registered_at_ms <= ${knownAtMs}`;
}

/** The same query for another node. */
function bind<Row>(query: CompiledQuery<Row>, node: string): CompiledQuery<Row> {
  return { ...query, parameters: [node] };
}
