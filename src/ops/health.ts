import type { Guard, Hold } from '../guard/contract.ts';
import { describeHolds, hintFor as hintForHold } from '../guard/report.ts';
import type { Health, HealthCheck } from './health-report.ts';
import type { AppSender } from '../sending/app-sender.ts';
import type { Outbox, OutboxState } from '../store/outbox/contract.ts';
import type { Registry } from '../store/registry/contract.ts';
import type { Concern, Provider } from '../providers/provider.ts';
import { errorCode } from '../telemetry/error-code.ts';

/** The parts whose state makes up readiness. */
export interface HealthSources {
  readonly links: readonly {
    readonly domain: string;
    readonly status: LinkView;
  }[];
  readonly registry: StoreView;
  readonly outbox: Pick<Outbox, 'state'>;
  readonly guard: Pick<Guard, 'state'>;
  /** Registrations by app, for apps that are not in the config. */
  readonly orphans: { readonly counts: ReadonlyMap<string, number> };
  readonly appSenders: ReadonlyMap<string, AppSenderView>;
  /** What is a part only while there is something to attend to, by name: the clock, the rate limits. */
  readonly watched: Readonly<Record<string, { readonly concern: Concern | undefined }>>;
}

type LinkView = { readonly kind: string; readonly reason?: string; readonly hint?: string };

type StoreView = Pick<Registry, 'ping' | 'fault'>;

type AppSenderView = Pick<AppSender, 'state' | 'circuit' | 'hintFor'> & {
  readonly provider: Pick<Provider, 'concern'>;
};

/**
 * The state of every part, and whether any notification could be delivered: that needs one link, the store and one app.
 * A refusal by a provider is a warning, since registrations are kept meanwhile.
 */
export async function assembleHealth(sources: HealthSources): Promise<Health> {
  const { links, registry, outbox, guard, orphans, appSenders, watched } = sources;
  // Several connections of one domain are numbered.
  const linkChecks = links.map(({ domain, status }, i) => {
    const earlier = links.slice(0, i).filter((other) => other.domain === domain).length;
    return [`link:${domain}${earlier === 0 ? '' : `#${earlier + 1}`}`, checkLink(status)] as const;
  });
  const store = await checkStore(registry);
  const appChecks = [...appSenders].map(([name, appSender]) => [`app:${name}`, checkApp(appSender)] as const);
  const checks = [
    ...linkChecks,
    ['store', store] as const,
    ['outbox', checkOutbox(outbox.state)] as const,
    ['guard', checkGuard(guard.state)] as const,
    ...Object.entries(watched).flatMap(([name, { concern }]): [string, HealthCheck][] =>
      concern ? [[name, { status: 'warn', reason: concern.reason, hint: concern.hint }]] : [],
    ),
    ...[...orphans.counts].slice(0, shownOrphans).map((orphan) => checkOrphan(orphan)),
    ...appChecks,
  ];

  const hasFailed = store.status === 'fail' || linkChecks.every(([, { status }]) => status === 'fail');
  const hasWarning = checks.some(([, { status }]) => status !== 'pass');
  return { status: hasFailed ? 'fail' : hasWarning ? 'warn' : 'pass', checks: Object.fromEntries(checks) };
}

function checkLink({ kind, reason, hint = usualLinkHint }: LinkView): HealthCheck {
  if (kind === 'online') return { status: 'pass' };
  return { status: 'fail', reason: reason === undefined ? kind : `${kind}: ${reason}`, hint };
}

const usualLinkHint =
  'check that the XMPP server runs, that service, domain and secret are as in its config, and its log';

async function checkStore(registry: StoreView): Promise<HealthCheck> {
  try {
    await registry.ping();
    const { fault } = registry;
    if (!fault) return { status: 'pass' };
    return { status: 'warn', reason: `no registration can be kept: ${fault.reason}`, hint: fault.hint };
  } catch (error) {
    // What the checks of the store found says more than the code of one statement.
    const { reason, hint } = registry.fault ?? {
      reason: errorCode(error),
      hint: 'check the file system of the store: space, permissions, mounts',
    };
    return { status: 'fail', reason: `the store does not answer (${reason})`, hint };
  }
}

function checkOutbox(state: OutboxState): HealthCheck {
  if (state.kind === 'working') return { status: 'pass' };
  const hint =
    'check the file system of the store; until then servers are told to keep their registrations and try again';
  return { status: 'warn', reason: `pushes cannot be queued (${state.reason})`, hint };
}

/** Most such apps that are listed. */
const shownOrphans = 20;

function checkOrphan([app, count]: readonly [string, number]): [string, HealthCheck] {
  const hint = 'put the app back into the config; the registrations are kept meanwhile';
  return [`app:${app}`, { status: 'warn', reason: `${count} registrations, but not in the config`, hint }];
}

function checkGuard(state: Guard['state']): HealthCheck {
  if (state.kind === 'watching') return { status: 'pass' };
  const [first] = state.holds;
  return {
    status: state.holds.every(isOfOneDomain) ? 'warn' : 'fail',
    reason: describeHolds(state.holds),
    ...(first && { hint: hintForHold(first) }),
  };
}

/** Anybody can make up dead tokens of a domain of his own: that is no reason to wake somebody. */
function isOfOneDomain({ cause, othersFareWell }: Hold): boolean {
  return cause === 'dead-new-tokens' && othersFareWell;
}

function checkApp(appSender: AppSenderView): HealthCheck {
  const concerns = [describeTrouble(appSender), appSender.provider.concern].filter((concern) => concern !== undefined);
  if (concerns.length === 0) return { status: 'pass' };
  const join = (part: keyof Concern) => concerns.map((concern) => concern[part]).join('; ');
  return { status: 'warn', reason: join('reason'), hint: join('hint') };
}

function describeTrouble({ state, circuit, hintFor }: AppSenderView): Concern | undefined {
  const probe = circuit.kind === 'open' ? `; next probe in ${Math.ceil(circuit.remainingMs / 1000)} s` : '';
  switch (state.kind) {
    case 'working':
      return undefined;
    case 'failing':
      return {
        reason:
          state.failures === 1
            ? `the last push failed with ${state.reason}${probe}`
            : `${state.failures} pushes in a row failed, the last with ${state.reason}${probe}`,
        hint: hintFor(state.reason),
      };
    case 'misconfigured':
      return { reason: `the provider refuses us: ${state.reason}${probe}`, hint: hintFor(state.reason) };
  }
}
