/** What an operator reads at night: what happened, in numbers, what to look at, what to do. */
import type { GuardState, Hold } from './contract.ts';

/** What happened. */
export function describeHold({ app, target, seen, bad }: Omit<Hold, 'held'>): string {
  const tokens = target === 'second' ? 'call (PushKit) tokens' : 'device tokens';
  return `the provider of ${app} calls ${bad} of the latest ${seen} ${tokens} dead`;
}

/** What to look at, and what to do then. */
export function hintFor({ app }: Pick<Hold, 'app'>): string {
  return (
    `are topic, environment, key and project of ${app} those of the app that registered? does the provider report an ` +
    'incident? Nothing is lost meanwhile: servers keep everything. Put it right, then: sealpost guard release'
  );
}

/** Everything an operator wants to know, as the admin API tells it. */
export function reportGuard(state: GuardState) {
  if (state.kind === 'watching') return { state: state.kind, holds: [] };
  const holds = state.holds.map((hold) => ({
    cause: hold.cause,
    app: hold.app,
    since: new Date(hold.sinceMs).toISOString(),
    seen: hold.seen,
    bad: hold.bad,
    held: hold.held,
    what: describeHold(hold),
    hint: hintFor(hold),
  }));
  return { state: state.kind, holds };
}
