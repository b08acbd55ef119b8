/** What an operator reads at night: what happened, in numbers, what to look at, what to do. */
import type { GuardState, Hold } from './contract.ts';

/** What happened. */
export function describeHold({ cause, app, target, domain, seen, bad }: Omit<Hold, 'held' | 'othersFareWell'>): string {
  const tokens = target === 'second' ? 'call (PushKit) tokens' : 'device tokens';
  const isNew = cause === 'dead-new-tokens';
  const whose = [
    ...(domain === undefined ? [] : [domain === '' ? 'devices without an account' : `accounts of ${domain}`]),
    ...(isNew ? ['devices that never took a push; others are not held'] : []),
  ];
  const about = whose.length === 0 ? '' : ` (${whose.join('; ')})`;
  return `the provider of ${app} calls ${bad} of the latest ${seen} ${tokens} dead${about}`;
}

/** What to look at, and what to do then. */
export function hintFor({ app }: Pick<Hold, 'app'>): string {
  return (
    `are topic, environment, key and project of ${app} those of the app that registered? does the provider report an ` +
    'incident? Nothing is lost meanwhile: servers keep everything. Put it right, then: sealpost guard release'
  );
}

/** Most holds that are told one by one: each domain can have one. */
export const shownHolds = 20;

/** What happened in all of them, the first of them by name. */
export function describeHolds(holds: readonly Hold[], most = 3): string {
  const rest = holds.length - most;
  return [...holds.slice(0, most).map(describeHold), ...(rest > 0 ? [`${rest} more`] : [])].join('; ');
}

/** Everything an operator wants to know, as the admin API tells it. */
export function reportGuard(state: GuardState) {
  if (state.kind === 'watching') return { state: state.kind, holds: [], count: 0 };
  const holds = state.holds.slice(0, shownHolds).map((hold) => ({
    cause: hold.cause,
    app: hold.app,
    ...(hold.domain !== undefined && { domain: hold.domain }),
    since: new Date(hold.sinceMs).toISOString(),
    seen: hold.seen,
    bad: hold.bad,
    held: hold.held,
    what: describeHold(hold),
    hint: hintFor(hold),
  }));
  return { state: state.kind, holds, count: state.holds.length };
}
