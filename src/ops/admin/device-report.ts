import { domainOf } from '../../core/jid.ts';
import type { DeviceRecord } from '../../store/registry/devices.ts';
import type { QueueOfDevice } from '../../store/outbox/contract.ts';
import { fingerprint } from '../../telemetry/log.ts';
import { describeOutcome, describeRemoval, describeResult } from './words.ts';

interface Event {
  /** ISO 8601. */
  readonly at: string;
  readonly what: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** A device as the admin API tells it: no token, node or secret. Times are ISO 8601. */
export interface DeviceReport {
  readonly fingerprint: string;
  readonly state: 'registered' | 'removed';
  readonly app: string;
  readonly convention: string;
  readonly account?: string;
  readonly domain: string;
  readonly over?: string;
  readonly firstRegisteredAt?: string;
  readonly registeredAt?: string;
  readonly timesRegistered: number;
  readonly canCall: boolean;
  readonly environment?: string;
  readonly removed?: { readonly at: string; readonly reason: string; readonly what: string };
  readonly lastPublish?: Event & { readonly outcome: string };
  readonly lastPush?: Event & { readonly result: string };
  readonly queued?: { readonly pushes: number; readonly nextAt?: string };
  readonly held: readonly string[];
  readonly summary: string;
}

export interface DeviceState {
  /** What is queued for it; undefined: not asked, or the store does not answer. */
  readonly queued?: QueueOfDevice | undefined;
  /** What holds its pushes or its removal back, in words. */
  readonly held: readonly string[];
  /** What to do about a `misconfigured` result. */
  readonly hintFor: (reason: string) => string;
  readonly withAccount: boolean;
}

/** Describes a device, and says in one sentence what is wrong with it. */
export function reportDevice(record: DeviceRecord, state: DeviceState): DeviceReport {
  const { registration, timesRegistered, firstRegisteredAtMs, removed, published, pushed } = record;
  const { app, convention, account, component, registeredAtMs, environment, secondToken } = registration;
  const { queued } = state;
  const report = {
    fingerprint: fingerprint(registration.node),
    state: removed ? ('removed' as const) : ('registered' as const),
    ...{ app, convention, domain: domainOf(account), timesRegistered },
    ...(state.withAccount && { account }),
    ...(component !== undefined && { over: component }),
    ...(firstRegisteredAtMs !== undefined && { firstRegisteredAt: iso(firstRegisteredAtMs) }),
    ...(registeredAtMs > 0 && { registeredAt: iso(registeredAtMs) }),
    canCall: secondToken !== undefined,
    ...(environment && { environment }),
    ...(removed && {
      removed: { at: iso(removed.atMs), reason: removed.reason, what: describeRemoval(removed.reason) },
    }),
    ...(published && {
      lastPublish: { at: iso(published.atMs), outcome: published.outcome, ...describeOutcome(published.outcome) },
    }),
    ...(pushed && {
      lastPush: { at: iso(pushed.atMs), result: pushed.result, ...describeResult(pushed.result, state.hintFor) },
    }),
    ...(queued && {
      queued: {
        pushes: queued.pushes,
        ...(queued.nextDueAtMs !== undefined && { nextAt: iso(queued.nextDueAtMs) }),
      },
    }),
    held: state.held,
  };
  return { ...report, summary: summarise(report) };
}

/** The first thing that is wrong, along the way of a push; else where to look beyond Sealpost. */
function summarise({ removed, lastPublish, lastPush, held }: Omit<DeviceReport, 'summary'>): string {
  if (removed) {
    return `Removed: ${removed.what}. The user has to open the app, which registers again and enables push at the XMPP server.`;
  }
  if (held.length > 0) return `${held.join('; ')}.`;
  if (!lastPublish) {
    return 'Registered, but no publish is known: has the client enabled push at its XMPP server, and does the server send to this component?';
  }
  if (lastPublish.outcome === 'sent') {
    return 'The provider accepted the latest push: what follows is up to the provider, the phone and the app.';
  }
  const isOfPush = ['queued', 'misconfigured', 'payload-rejected', 'gone'].includes(lastPublish.outcome);
  const trouble = isOfPush && lastPush && lastPush.result !== 'accepted' ? lastPush : lastPublish;
  const { what, hint } = trouble;
  return hint === undefined ? `${upper(what)}.` : `${upper(what)}: ${hint}.`;
}

const iso = (ms: number) => new Date(ms).toISOString();

const upper = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);
