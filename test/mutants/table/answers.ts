import type { Mutant } from '../mutant.ts';

const inAnswers = { file: 'core/answers.ts', tests: ['delivery/deliver.test.ts'] };

/** What the XMPP server is told: a wrong word makes it drop registrations, or publish again without end. */
export const answers: readonly Mutant[] = [
  {
    ...inAnswers,
    find: `sent: 'result'`,
    replace: `sent: 'internal-server-error'`,
    breaks: 'What arrived is published again.',
  },
  {
    ...inAnswers,
    find: `'payload-rejected': 'result'`,
    replace: `'payload-rejected': 'item-not-found'`,
    breaks: 'A payload that is too long costs the registration.',
  },
  {
    ...inAnswers,
    find: `coalesced: 'result'`,
    replace: `coalesced: 'internal-server-error'`,
    breaks: 'Each wake-up that another stands for is published again.',
  },
  {
    ...inAnswers,
    find: `queued: 'result'`,
    replace: `queued: 'internal-server-error'`,
    breaks: 'What waits in the outbox is published again, and arrives twice.',
  },
  {
    ...inAnswers,
    find: `'not-queued': 'internal-server-error'`,
    replace: `'not-queued': 'item-not-found'`,
    breaks: 'A provider that is down while the outbox is full costs all registrations.',
  },
  {
    ...inAnswers,
    find: `misconfigured: 'internal-server-error'`,
    replace: `misconfigured: 'item-not-found'`,
    breaks: 'A wrong key costs all registrations of an app.',
  },
  {
    ...inAnswers,
    find: `'rate-limited': 'internal-server-error'`,
    replace: `'rate-limited': 'forbidden'`,
    breaks: 'A busy server loses the registrations of its users.',
  },
  {
    ...inAnswers,
    find: `'unknown-app': 'internal-server-error'`,
    replace: `'unknown-app': 'item-not-found'`,
    breaks: 'An app that is taken out of the config loses its registrations.',
  },
  {
    ...inAnswers,
    find: `'store-failed': 'internal-server-error'`,
    replace: `'store-failed': 'item-not-found'`,
    breaks: 'A store that fails costs every registration that is published to.',
  },
  {
    file: 'core/answers.ts',
    tests: ['xmpp/link/requests.test.ts'],
    find: `'timed-out': 'internal-server-error'`,
    replace: `'timed-out': 'item-not-found'`,
    breaks: 'A server that is too slow, or about to stop, costs every registration that is published to.',
  },
  {
    ...inAnswers,
    find: `lost: 'internal-server-error'`,
    replace: `lost: 'item-not-found'`,
    breaks: 'What an old copy of the store lacks is answered as gone.',
  },
  {
    ...inAnswers,
    find: `gone: 'item-not-found'`,
    replace: `gone: 'result'`,
    breaks: 'Servers publish for dead devices for ever.',
  },
  {
    ...inAnswers,
    find: `'unknown-node': 'item-not-found'`,
    replace: `'unknown-node': 'internal-server-error'`,
    breaks: 'Servers publish to nodes that are gone for ever.',
  },
  {
    ...inAnswers,
    find: `'wrong-publisher': 'forbidden'`,
    replace: `'wrong-publisher': 'result'`,
    breaks: 'A stranger is told that his publish was taken.',
  },
  {
    ...inAnswers,
    find: `'wrong-secret': 'forbidden'`,
    replace: `'wrong-secret': 'item-not-found'`,
    breaks: 'One publish without the secret costs the registration.',
  },
];
