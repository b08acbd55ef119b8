import type { Mutant } from '../mutant.ts';

const file = 'core/answers.ts';
const tests = ['delivery/deliver.test.ts', 'delivery/retry.test.ts'];

export const answers: readonly Mutant[] = [
  {
    file,
    find: `held: 'internal-server-error'`,
    replace: `held: 'item-not-found'`,
    breaks: 'What the guard holds back is answered as gone, and servers drop the registrations.',
    tests,
  },
];
