import { type CompiledQuery, type RawBuilder, sql } from 'kysely';
import type { Clock } from '../../time/clock.ts';
import { foldCase } from '../../core/jid.ts';
import type { NodeNames } from '../../nodes/node-names.ts';
import type { UnsealedNodes } from '../../nodes/node-key.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Database } from '../engine/database.ts';
import { findBeyond, forgetBeyond, isFull } from './bounds.ts';
import type { Registry } from './contract.ts';
import type { Registration, RegistrationMatch } from '../../core/registration.ts';
import { registrationColumns, type RemovalReason } from '../schema/tables.ts';
import { toRegistration, toRow } from './rows.ts';
import { claimImported, importRegistrations } from './import-registrations.ts';
import { createInOrder } from './in-order.ts';
import { acceptedOfSameTokens, noteAccepted } from './note-accepted.ts';

export interface RegistryOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly nodes: Pick<NodeNames, 'make' | 'noteUnsealed'>;
  readonly metrics: Metrics;
}

/**
 * The registry on any database of `store/`.
 * @throws what the database throws, if it cannot be read
 */
export async function createRegistry({ database, clock, nodes, metrics }: RegistryOptions): Promise<Registry> {
  const { db, findRow, refuseWhenLost } = database;
  const inOrder = createInOrder();
  // Compiled once: composing the query would cost more than running it.
  const named = db.selectFrom('registration').where('node', '=', '');
  const findQuery = named.select(registrationColumns).where('removed_at_ms', 'is', null).compile();
  const wasRemovedQuery = named.select('node').where('removed_at_ms', 'is not', null).compile();
  const pingQuery = db.selectFrom('registration').select('node').limit(1).compile();

  const count = async (): Promise<Map<string, number>> => {
    const rows = await db
      .selectFrom('registration')
      .select(['app', (eb) => eb.fn.countAll<number | string>().as('registrations')])
      .where('removed_at_ms', 'is', null)
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
      .where('removed_at_ms', 'is', null)
      .$if(device !== undefined, (query) => query.where('device_key', '=', foldCase(device ?? '')))
      .orderBy('registered_at_ms', 'desc')
      .limit(limit)
      .execute();
    return rows.map(toRegistration);
  };

  /** How many were removed; one that is removed already keeps its time, but is unregistered if that is asked for. */
  const removeWhere = async (reason: RemovalReason, condition: RawBuilder<boolean>): Promise<number> => {
    const removed = await db
      .updateTable('registration')
      .set({ removed_at_ms: clock.now(), removal_reason: reason })
      .where('removed_at_ms', 'is', null)
      .where(condition)
      .returning('app')
      .execute();
    for (const { app } of removed) {
      metrics.registrationsRemoved.inc({ app, reason });
      metrics.registrations.dec({ app });
    }
    return removed.length;
  };

  /** 1 when it was dropped and the client has not registered since, with another one or without. */
  const restoreSecondToken = async ({ node, app, secondToken, registeredAtMs }: Registration): Promise<number> => {
    if (secondToken === undefined) return 0;
    const { numUpdatedRows } = await db
      .updateTable('registration')
      .set({ second_token: secondToken })
      .where('node', '=', node)
      .where('registered_at_ms', '=', registeredAtMs)
      .where('second_token', 'is', null)
      .where('removed_at_ms', 'is', null)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows > 0n) metrics.registrationsRestored.inc({ app });
    return Number(numUpdatedRows);
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

  const register: Registry['register'] = async (request) => {
    refuseWhenLost();
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
          accepted_at_ms: acceptedOfSameTokens,
          room: row.room,
          component: row.component,
          times_registered: sql`CASE WHEN registration.removed_at_ms IS NULL
            THEN registration.times_registered + 1 ELSE 1 END`,
          is_restored: 0,
          removed_at_ms: null,
          removal_reason: null,
        }),
      )
      .returning([...registrationColumns, 'times_registered'])
      .executeTakeFirstOrThrow();
    if (stored.times_registered === 1) {
      metrics.registrations.inc({ app: request.app });
      metrics.nodesMade.inc({ app: request.app, holds });
      const beyond = await findBeyond(db, row);
      for (const { node: oldest, registered_at_ms: atMs } of beyond) await removeWhere('displaced', asOf(oldest, atMs));
      await forgetBeyond(db, row);
    }
    return toRegistration(stored);
  };

  const unregister: Registry['unregister'] = async (match) => {
    refuseWhenLost();
    const removed = await removeWhere('unregistered', matching(match));
    // What the provider called dead may come back: not when its device has left meanwhile.
    const gone = db.updateTable('registration').set({ removal_reason: 'unregistered' });
    await gone.where('removal_reason', '=', 'gone').where(matching(match)).execute();
    return removed;
  };

  nodes.noteUnsealed(await unsealedNodes());
  // A shared store is counted again every minute, so that a server that is too busy to count does not prevent the start.
  const counted = database.isShared ? await count().catch(() => new Map<string, number>()) : await count();
  for (const [app, registrations] of counted) metrics.registrations.set({ app }, registrations);

  return {
    async find(node) {
      if (findRow) {
        const row = findRow(node);
        return row && toRegistration(row);
      }
      const { rows } = await db.executeQuery(bind(findQuery, node));
      return rows[0] && toRegistration(rows[0]);
    },

    register: (request) => inOrder(foldCase(request.account), () => register(request)),

    async readmit(opened) {
      const { node, secret, registeredAtMs } = opened;
      const row = toRow({ ...opened, withSecret: false }, node, secret ?? null, registeredAtMs);
      // When the device last registered is not known, so that it may be older than all that are there.
      if (await isFull(db, row)) return 'full';
      const { numInsertedOrUpdatedRows: inserted } = await db
        .insertInto('registration')
        .values({ ...row, is_restored: 1 })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      if (inserted === 1n) {
        metrics.registrations.inc({ app: opened.app });
        metrics.registrationsReadmitted.inc({ app: opened.app });
        return opened;
      }
      const [standing] = await list(opened, 1);
      return standing;
    },

    list,

    async importRegistrations(batch) {
      refuseWhenLost();
      // First: the loss of the store after this is not to make them unknown.
      await noteImported();
      const outcomes = await importRegistrations(db, batch);
      for (const [i, { app }] of batch.entries()) if (outcomes[i] === 'taken') metrics.registrations.inc({ app });
      return outcomes;
    },

    unregister: (match) => inOrder(foldCase(match.account), () => unregister(match)),

    remove: async (node, knownAtMs, reason) => (await removeWhere(reason, asOf(node, knownAtMs))) > 0,

    async restore(registrations) {
      const restorable = registrations.map(({ node }) => node);
      if (restorable.length === 0) return 0;
      const back = await db
        .updateTable('registration')
        .set({ removed_at_ms: null, removal_reason: null })
        .where('node', 'in', restorable)
        .where('removal_reason', '=', 'gone')
        .returning('app')
        .execute();
      for (const { app } of back) {
        metrics.registrationsRestored.inc({ app });
        metrics.registrations.inc({ app });
      }
      let restored = back.length;
      for (const registration of registrations) restored += await restoreSecondToken(registration);
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

    noteAccepted: (batch) => noteAccepted(db, batch, clock.now()),
    unsealedNodes,
    count,

    async ping() {
      await db.executeQuery(pingQuery);
    },

    get fault() {
      return database.fault;
    },
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
