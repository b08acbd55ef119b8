/** What an operator reads at night: what happened, in numbers, what to look at, what to do. */
import { type GuardState, type Hold, tolerated } from './contract.ts';

/** What happened. */
export function describeHold({ cause, app, target, seen, bad, domains }: Omit<Hold, 'held'>): string {
  if (cause === 'unknown-nodes') {
    const named = domains.map(([domain, nodes]) => `${domain} ${nodes}`).join(', ');
    return (
      `${bad} of the latest ${seen} distinct registrations that XMPP servers named are not in the store and never ` +
      `were (${named})`
    );
  }
  const tokens = target === 'second' ? 'call (PushKit) tokens' : 'device tokens';
  return `the provider of ${app} calls ${bad} of the latest ${seen} ${tokens} dead`;
}

/** What to look at, and what to do then. */
export function hintFor({ cause, app }: Pick<Hold, 'cause' | 'app'>): string {
  const look =
    cause === 'unknown-nodes'
      ? 'is the store the right one (empty? an old copy? another path or volume?)'
      : `are topic, environment, key and project of ${app} those of the app that registered? does the provider report an incident?`;
  return `${look} Nothing is lost meanwhile: servers keep everything. Put it right, then: sealpost guard release`;
}

/** What is worth an operator's look though nothing is held. */
export function describeCaution(state: Extract<GuardState, { kind: 'watching' }>): string | undefined {
  const { nodes, believesUnknown } = state;
  // A stray one among many is kept as well, but says nothing about the store.
  if (believesUnknown || nodes.bad <= nodes.seen * tolerated) return undefined;
  return (
    `${nodes.bad} of ${nodes.seen} registrations that XMPP servers named of late are not in the store and never were; ` +
    'servers are told to keep them'
  );
}

/** Everything an operator wants to know, as the admin API tells it. */
export function reportGuard(state: GuardState) {
  if (state.kind === 'watching') {
    const caution = describeCaution(state);
    return { state: state.kind, holds: [], ...(caution !== undefined && { caution }) };
  }
  const holds = state.holds.map((hold) => ({
    cause: hold.cause,
    ...(hold.app !== undefined && { app: hold.app }),
    since: new Date(hold.sinceMs).toISOString(),
    seen: hold.seen,
    bad: hold.bad,
    held: hold.held,
    what: describeHold(hold),
    hint: hintFor(hold),
  }));
  return { state: state.kind, holds };
}
