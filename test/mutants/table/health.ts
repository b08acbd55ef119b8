import type { Mutant } from '../mutant.ts';

const inHealth = { file: 'ops/health.ts', tests: ['ops/health.test.ts'] };

/** What readiness tells an operator. */
export const health: readonly Mutant[] = [
  {
    ...inHealth,
    find: `store.status === 'fail' || `,
    replace: '',
    breaks: 'A server whose store is dead calls itself ready.',
  },
  {
    ...inHealth,
    find: 'linkChecks.every(',
    replace: 'linkChecks.some(',
    breaks: 'A server with one of two links down is taken out of service.',
  },
  {
    ...inHealth,
    find: ` || linkChecks.every(([, { status }]) => status === 'fail')`,
    replace: '',
    breaks: 'A server without any link calls itself ready.',
  },
  {
    ...inHealth,
    find: `if (kind === 'online')`,
    replace: `if (kind === 'online' || kind === 'waiting')`,
    breaks: 'A link that waits for its next attempt passes.',
  },
  {
    ...inHealth,
    find: `if (state.kind === 'working')`,
    replace: 'if (state.kind !== undefined)',
    breaks: 'An outbox that stores nothing passes.',
  },
  {
    ...inHealth,
    find: `status: 'fail', reason: \`the store`,
    replace: `status: 'warn', reason: \`the store`,
    breaks: 'A server whose store is dead calls itself ready.',
  },
  {
    ...inHealth,
    find: `cause === 'dead-new-tokens' && othersFareWell`,
    replace: 'othersFareWell',
    breaks: 'That devices of one domain, which were reached before, died at once is no failure.',
  },
  {
    ...inHealth,
    find: `checks.some(([, { status }]) => status !== 'pass')`,
    replace: `checks.some(([, { status }]) => status === 'fail')`,
    breaks: 'What is worth a look does not show in the whole.',
  },
  {
    ...inHealth,
    find: 'shownOrphans = 20',
    replace: 'shownOrphans = 2_000',
    breaks: 'The answer to a probe is as long as somebody makes it.',
  },
  {
    ...inHealth,
    find: '[describeTrouble(appSender), appSender.provider.concern]',
    replace: '[describeTrouble(appSender)]',
    breaks: 'A certificate that ends in three days is no reason to look.',
  },
  {
    ...inHealth,
    find: `    await registry.ping();
`,
    replace: '',
    breaks: 'A server whose store is dead calls itself ready.',
  },
  {
    ...inHealth,
    find: `earlier === 0 ? '' :`,
    replace: `earlier >= 0 ? '' :`,
    breaks: 'Of two connections to one domain one does not show.',
  },
  {
    ...inHealth,
    find: "state.holds.every(isOfOneDomain) ? 'warn' : 'fail'",
    replace: "'warn'",
    breaks: 'A guard that holds looks like a lesser worry.',
  },
  {
    ...inHealth,
    find: `circuit.kind === 'open' ?`,
    replace: `circuit.kind !== 'open' ?`,
    breaks: 'Nobody is told when a provider whose circuit is open is tried again.',
  },
];
