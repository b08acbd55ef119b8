import { domainOf } from '../../core/jid.ts';
import type { Registration } from '../../core/registration.ts';
import type { Guard } from '../../guard/contract.ts';
import type { AppSender } from '../../sending/app-sender.ts';
import type { Outbox } from '../../store/outbox/contract.ts';
import type { DeviceNote, Registry } from '../../store/registry/contract.ts';
import type { DeviceRecord, Devices } from '../../store/registry/devices.ts';
import { fingerprint, type Log } from '../../telemetry/log.ts';
import { type DeviceReport, reportDevice } from './device-report.ts';

/** Devices of one answer: more than an account has, unless it is in many apps. */
const answered = 500;

/** Most devices that a search finds. */
const found = 50;

export interface DeviceControlOptions {
  readonly devices: Devices;
  readonly registry: Pick<Registry, 'remove' | 'forget'>;
  readonly outbox: Pick<Outbox, 'queueOf'>;
  /** What is known and not written yet. */
  readonly notes: { latest(node: string): DeviceNote | undefined; readonly lostAtMs: number | undefined };
  /** Milliseconds until a push to this registration may leave. */
  readonly waitOf: (registration: Registration) => number;
  readonly guard: Pick<Guard, 'isHolding'>;
  readonly appSenders: ReadonlyMap<string, Pick<AppSender, 'state' | 'circuit' | 'hintFor'>>;
  /** Called for each registration that was removed. */
  readonly onRemoved: (registration: Registration) => void;
  readonly log: Log;
}

/** Devices, and since when notes of them may be missing, milliseconds since 1970. */
export interface DeviceReports {
  readonly devices: readonly DeviceReport[];
  readonly notesLostAt?: string;
}

/** Which devices to list. */
export interface ListFilter {
  readonly app?: string;
  /** Domain of the account, in lower case. */
  readonly domain?: string;
  /** Only those whose latest publish or push did not go well. */
  readonly failing: boolean;
  readonly limit: number;
}

/** What the admin API does with devices. Everything rejects when the store does not answer. */
export interface DeviceControl {
  ofAccount(account: string): Promise<DeviceReports>;
  /** By fingerprint, or the begin of a token. `busy`: another search is under way. */
  find(text: string, signal: AbortSignal): Promise<DeviceReports | 'busy'>;
  /** Without accounts, queued pushes and what holds. */
  list(filter: ListFilter): AsyncIterable<DeviceReport>;
  /** The registration of a fingerprint. */
  resolve(print: string): Promise<DeviceRecord | undefined>;
  /** Removes a registration: its server is told with the next publish. False: it was renewed meanwhile. */
  revoke(registration: Registration): Promise<boolean>;
  forget(account: string): Promise<{ readonly registrations: number; readonly marks: number }>;
}

export function createDeviceControl(options: DeviceControlOptions): DeviceControl {
  const { devices, registry, outbox, notes, waitOf, guard, appSenders, onRemoved, log } = options;
  let isSearching = false;

  /** A search reads the whole store, so that there is one at a time. */
  async function search<T>(run: () => Promise<T>): Promise<T | 'busy'> {
    if (isSearching) return 'busy';
    isSearching = true;
    try {
      return await run();
    } finally {
      isSearching = false;
    }
  }

  function holdsOf({ registration, removed }: DeviceRecord): string[] {
    if (removed) return [];
    const appSender = appSenders.get(registration.app);
    if (!appSender) return ['Its app is not in the config, so that nothing is sent; put the app back'];
    const { state, circuit } = appSender;
    const waitMs = waitOf(registration);
    return [
      ...(state.kind === 'misconfigured'
        ? [`The provider refuses all pushes of its app (${state.reason}): ${appSender.hintFor(state.reason)}`]
        : []),
      ...(circuit.kind === 'open' ? [`The provider of its app fails (${circuit.reason}) and gets probes only`] : []),
      ...(waitMs > 0
        ? [`It is beyond its rate limit: pushes wait in the outbox, the next one ${Math.ceil(waitMs / 1_000)} s`]
        : []),
      ...(guard.isHolding(registration, 'first')
        ? ['The mass-loss guard holds: its removal is held back; see sealpost guard status']
        : []),
    ];
  }

  const hintOf =
    ({ registration }: DeviceRecord) =>
    (reason: string) =>
      appSenders.get(registration.app)?.hintFor(reason) ?? 'put the app back into the config';

  async function report(stored: DeviceRecord, withAccount: boolean): Promise<DeviceReport> {
    const record = freshen(stored, notes.latest(stored.registration.node));
    const queued = await outbox.queueOf(record.registration.node);
    return reportDevice(record, { queued, held: holdsOf(record), hintFor: hintOf(record), withAccount });
  }

  async function reportAll(records: readonly DeviceRecord[], withAccount: boolean): Promise<DeviceReports> {
    const reports: DeviceReport[] = [];
    for (const record of records) reports.push(await report(record, withAccount));
    const { lostAtMs } = notes;
    return { devices: reports, ...(lostAtMs !== undefined && { notesLostAt: new Date(lostAtMs).toISOString() }) };
  }

  return {
    ofAccount: async (account) => reportAll(await devices.ofAccount(account, answered), true),

    find: (text, signal) =>
      search(async () => {
        const named = /^[0-9a-f]{12}$/.test(text) ? await devices.byFingerprint(text) : undefined;
        return reportAll(named ? [named] : await devices.byToken(text, found, signal), true);
      }),

    async *list({ app, domain, failing, limit }) {
      let left = limit;
      for await (const page of devices.all()) {
        for (const stored of page) {
          const { registration } = stored;
          if (app !== undefined && registration.app !== app) continue;
          if (domain !== undefined && domainOf(registration.account) !== domain) continue;
          const record = freshen(stored, notes.latest(registration.node));
          if (failing && !isFailing(record)) continue;
          if (left === 0) return;
          left -= 1;
          yield reportDevice(record, { held: [], hintFor: hintOf(record), withAccount: false });
        }
      }
    },

    resolve: (print) => devices.byFingerprint(print),

    async revoke(registration) {
      const { app, node, registeredAtMs } = registration;
      if (!(await registry.remove(node, registeredAtMs, 'revoked'))) return false;
      onRemoved(registration);
      log.info({ app, registration: fingerprint(node) }, 'registration removed by an operator');
      return true;
    },

    async forget(account) {
      const { registrations, marks } = await registry.forget(account);
      for (const registration of registrations) onRemoved(registration);
      log.info({ domain: domainOf(account), count: registrations.length + marks }, 'account erased by an operator');
      return { registrations: registrations.length, marks };
    },
  };
}

/** The record with what was noted since it was written. */
function freshen(record: DeviceRecord, note: DeviceNote | undefined): DeviceRecord {
  if (note?.registeredAtMs !== record.registration.registeredAtMs) return record;
  const { published = record.published, pushed = record.pushed } = note;
  return { ...record, ...(published && { published }), ...(pushed && { pushed }) };
}

function isFailing({ published, pushed }: DeviceRecord): boolean {
  const isWell = [undefined, 'sent', 'coalesced', 'unimportant', 'queued'].includes(published?.outcome);
  return !isWell || (pushed !== undefined && pushed.result !== 'accepted');
}
