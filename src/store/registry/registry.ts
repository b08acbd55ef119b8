import type { CompiledQuery, RawBuilder } from 'kysely';
import type { Clock } from '../../time/clock.ts';
import { foldCase } from '../../core/jid.ts';
import type { NodeNames } from '../../nodes/node-names.ts';
import type { UnsealedNodes } from '../../nodes/node-key.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Database } from '../engine/database.ts';
import { findBeyond, forgetBeyond, hasRemoved, isFull } from './bounds.ts';
import type { Registry } from './contract.ts';
import { asOf, hasAccount, hasDevice, matching } from './conditions.ts';
import { createDomains } from './domains.ts';
import type { RegistrationLimits } from './limits.ts';
import { foldedKey, shortKey } from '../../core/short-key.ts';
import type { Registration, RegistrationRequest } from '../../core/registration.ts';
import { registrationColumns, type RemovalReason } from '../schema/tables.ts';
import { toRegistration, toRow } from './rows.ts';
import { createFindTogether } from './find-together.ts';
import { forgetAccount, forgottenKey } from './forget-account.ts';
import { claimImported, importRegistrations } from './import-registrations.ts';
import { createInOrder } from './in-order.ts';
import { noteDevices } from './note-devices.ts';
import { renewalOf } from './renewal.ts';

export interface RegistryOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly nodes: Pick<NodeNames, 'make' | 'noteUnsealed'>;
  readonly limits: RegistrationLimits;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * The registry on any database of `store/`.
 * @throws what the database throws, if it cannot be read
 */
export async function createRegistry(options: RegistryOptions): Promise<Registry> {
  const { database, clock, nodes, metrics } = options;
  const { db, findRow, refuseWhenLost } = database;
  const domains = createDomains({ ...options, db });
  const inOrder = createInOrder();
  // Its own queue has no limit: links, listeners and the retry scheduler limit what is under way.
  const findTogether = createFindTogether(db);
  // Compiled once: composing the query would cost more than running it.
  const wasRemovedQuery = db
    .selectFrom('registration')
    .select('node')
    .where('node_key', 'in', ['', ''])
    .where('node', 'in', ['', ''])
    .where('removed_at_ms', 'is not', null)
    .compile();
  const pingQuery = db.selectFrom('registration').select('node').limit(1).compile();

  const list: Registry['list'] = async ({ app, account, device }, limit) => {
    const rows = await db
      .selectFrom('registration')
      .select(registrationColumns)
      .where('account_key', '=', foldedKey(account))
      .where('app', '=', app)
      .where('removed_at_ms', 'is', null)
      .$if(device !== undefined, (query) => query.where('device_key', '=', foldedKey(device ?? '')))
      .orderBy('registered_at_ms', 'desc')
      .limit(limit)
      .execute();
    return rows.map(toRegistration);
  };

  /** Marks matching registrations as removed and returns how many. Those that are removed already stay as they are. */
  const removeWhere = async (reason: RemovalReason, condition: RawBuilder<boolean>): Promise<number> => {
    const removed = await db
      .updateTable('registration')
      .set({ removed_at_ms: clock.now(), removal_reason: reason })
      .where('removed_at_ms', 'is', null)
      .where(condition)
      .returning(['app', 'account'])
      .execute();
    for (const { app } of removed) {
      metrics.registrationsRemoved.inc({ app, reason });
      metrics.registrations.dec({ app });
    }
    await domains.count(removed, 'gone');
    return removed.length;
  };

  /** 1 when it was dropped and the client has not registered since, with another one or without. */
  const restoreSecondToken = async ({ node, app, secondToken, registeredAtMs }: Registration): Promise<number> => {
    if (secondToken === undefined) return 0;
    const { numUpdatedRows } = await db
      .updateTable('registration')
      .set({ second_token: secondToken })
      .where('node_key', '=', shortKey(node))
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

  /**
   * Devices that are registered already register again, however many their domain has. Where only the day is full, accounts that
   * have a device may register another: a new token is a new device with some clients.
   */
  const refuseBeyond = async (request: RegistrationRequest): Promise<void> => {
    const reason = await domains.whyFull(request.account);
    if (reason === undefined) return;
    const isKnown = reason === 'day' ? await hasAccount(db, request) : await hasDevice(db, request, 'registered');
    if (!isKnown) throw domains.refuse(request.account, reason);
  };

  const register: Registry['register'] = async (request) => {
    refuseWhenLost();
    if (request.importedAs !== undefined) await claimImported(db, request, request.importedAs);
    const { node, secret, holds } = nodes.make(request);
    const row = toRow(request, node, secret ?? null, clock.now());
    await refuseBeyond(request);
    // One statement, so that requests at the same time give one row.
    const stored = await db
      .insertInto('registration')
      .values(row)
      .onConflict((conflict) => conflict.columns(['account_key', 'device_key', 'app']).doUpdateSet(renewalOf(row)))
      .returning([...registrationColumns, 'times_registered'])
      .executeTakeFirstOrThrow();
    const isNew = stored.times_registered <= 1;
    metrics.registrationsMade.inc({ app: stored.app, convention: stored.convention, kind: isNew ? 'new' : 'renewed' });
    if (isNew) {
      metrics.registrations.inc({ app: request.app });
      metrics.nodesMade.inc({ app: request.app, holds });
      const [beyond, hasMark] = await Promise.all([findBeyond(db, row), hasRemoved(db, row)]);
      // A device that comes in place of another makes nothing grow, and uses up nothing of its domain's day.
      const growth = stored.times_registered === 0 || beyond.length > 0 || hasMark ? 'back' : 'new';
      // At once, so that they share a commit.
      await Promise.all([forgetBeyond(db, row), domains.count([request], growth)]);
      for (const { node: oldest, registered_at_ms: atMs } of beyond) await removeWhere('displaced', asOf(oldest, atMs));
    }
    return toRegistration(stored);
  };

  const unregister: Registry['unregister'] = async (match) => {
    refuseWhenLost();
    const removed = await removeWhere('unregistered', matching(match));
    // `restore` takes removals for `gone` back, but not of a device that has unregistered since.
    const gone = db.updateTable('registration').set({ removal_reason: 'unregistered' });
    await gone.where('removal_reason', '=', 'gone').where(matching(match)).execute();
    return removed;
  };

  nodes.noteUnsealed(await unsealedNodes());
  // A shared store is counted again every minute, so that a server that is too busy to count does not prevent the start.
  const counted = database.isShared
    ? await domains.byApp().catch(() => new Map<string, number>())
    : await domains.byApp();
  for (const [app, registrations] of counted) metrics.registrations.set({ app }, registrations);

  return {
    async find(node) {
      const row = findRow ? findRow(node) : await findTogether(node);
      return row && toRegistration(row);
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
        await domains.count([opened], 'back');
        return opened;
      }
      const [standing] = await list(opened, 1);
      return standing;
    },

    list,

    async importRegistrations(batch) {
      refuseWhenLost();
      // Noted first, so that imported nodes are not taken for unknown if the store is lost right after.
      await noteImported();
      const outcomes = await importRegistrations(db, batch);
      const taken = batch.filter((_, i) => outcomes[i] === 'taken');
      for (const { app } of taken) metrics.registrations.inc({ app });
      await domains.count(taken, 'back');
      return outcomes;
    },

    unregister: (match) => inOrder(foldCase(match.account), () => unregister(match)),

    remove: async (node, knownAtMs, reason) => (await removeWhere(reason, asOf(node, knownAtMs))) > 0,

    async restore(registrations) {
      const restorable = registrations.map(({ node }) => shortKey(node));
      if (restorable.length === 0) return 0;
      const back = await db
        .updateTable('registration')
        .set({ removed_at_ms: null, removal_reason: null })
        .where('node_key', 'in', restorable)
        .where('removal_reason', '=', 'gone')
        .returning(['app', 'account'])
        .execute();
      for (const { app } of back) {
        metrics.registrationsRestored.inc({ app });
        metrics.registrations.inc({ app });
      }
      await domains.count(back, 'back');
      let restored = back.length;
      for (const registration of registrations) restored += await restoreSecondToken(registration);
      return restored;
    },

    async dropSecondToken(node, secondToken) {
      await db
        .updateTable('registration')
        .set({ second_token: null })
        .where('node_key', '=', shortKey(node))
        .where('second_token', '=', secondToken)
        .execute();
    },

    async rememberEnvironment(node, environment) {
      await db.updateTable('registration').set({ environment }).where('node_key', '=', shortKey(node)).execute();
    },

    async wasRemoved(node) {
      const { rows } = await db.executeQuery(bind(wasRemovedQuery, shortKey(node), forgottenKey(node), node, ''));
      return rows.length > 0;
    },

    wasDeviceRemoved: (device) => hasDevice(db, device, 'removed'),

    noteDevices: (batch) => noteDevices(database, batch),

    forget(account) {
      refuseWhenLost();
      return inOrder(foldCase(account), () => forgetAccount({ db, domains, metrics, clock }, account));
    },

    unsealedNodes,
    count: domains.byApp,

    async ping() {
      await db.executeQuery(pingQuery);
    },

    get fault() {
      return database.fault;
    },
  };
}

/** The same query for another node, by its keys and itself. */
function bind<Row>(query: CompiledQuery<Row>, ...named: readonly string[]): CompiledQuery<Row> {
  return { ...query, parameters: named };
}
