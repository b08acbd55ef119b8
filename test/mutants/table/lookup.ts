import type { Mutant } from '../mutant.ts';

const inLookup = { file: 'delivery/lookup.ts', tests: ['delivery/lookup.test.ts'] };

const inRawToken = { file: 'conventions/raw-token.ts', tests: ['delivery/lookup.test.ts'] };

const inSettings = { file: 'providers/apns/settings.ts', tests: ['delivery/lookup.test.ts'] };

/** Which device a node means. */
export const lookup: readonly Mutant[] = [
  {
    ...inLookup,
    find: 'raw && (raw.app !== NO_APP || !(await registry.wasRemoved(node)))',
    replace: 'raw',
    breaks: 'A removed node that looks like a token is kept by servers for ever.',
  },
  {
    ...inLookup,
    find: ' || rawTokens.removeDead(node)',
    replace: '',
    breaks: 'A dead raw token is tried with every publish.',
  },
  {
    ...inLookup,
    find: 'rawTokens.revive(node);',
    replace: 'void node;',
    breaks: 'A raw token that was wrongly taken for dead stays so for a day.',
  },
  {
    ...inLookup,
    find: 'rawTokens.isDead(node) || (await registry.wasRemoved(node))',
    replace: 'await registry.wasRemoved(node)',
    breaks: 'What is queued for a dead raw token is kept and tried until it expires.',
  },
  { ...inLookup, find: ' + raw.length', replace: '', breaks: 'Restored raw tokens are not counted in the log.' },
  {
    ...inLookup,
    find: 'if (!rawTokens.rememberEnvironment(node, environment)) await',
    replace: `rawTokens.rememberEnvironment(node, environment);
      await`,
    breaks: 'Every push to a raw token writes to the store.',
  },
  {
    ...inRawToken,
    find: 'DEAD_FOR_MS = 86_400_000',
    replace: 'DEAD_FOR_MS = 3_600_000',
    breaks: 'A dead raw token is asked about every hour.',
  },
  {
    ...inRawToken,
    find: ' || isDead(token)) return undefined',
    replace: ') return undefined',
    breaks: 'A dead raw token is tried with every publish.',
  },
  {
    ...inRawToken,
    find: 'isDead(node) || isDead(node.toLowerCase())',
    replace: 'isDead(node)',
    breaks: 'A dead raw token in capitals is kept by its server.',
  },
  {
    ...inRawToken,
    find: 'pushModule !== undefined || wereServed',
    replace: 'pushModule !== undefined',
    breaks: 'A raw token without pushModule is answered as gone.',
  },
  {
    ...inRawToken,
    find: 'new RecentMap<string, TokenState>(limit)',
    replace: 'new RecentMap<string, TokenState>(10 * limit)',
    breaks: 'Made-up raw tokens fill the memory.',
  },
  {
    ...inRawToken,
    find: 'byModule.get(pushModule ?? DEFAULT_MODULE)',
    replace: `byModule.get(pushModule ?? '')`,
    breaks: 'The app that serves clients without a pushModule does not.',
  },
  {
    ...inSettings,
    find: '{32,256}',
    replace: '{16,256}',
    breaks: 'A node of ours could be taken for a raw token, and be pushed to without a secret.',
  },
  {
    ...inLookup,
    find: `    if (await registry.wasRemoved(node)) return { kind: 'removed' };
    if (opened`,
    replace: '    if (opened',
    breaks: 'A registration that was removed comes back out of its node.',
    tests: ['delivery/lookup.test.ts', 'delivery/deliver.test.ts'],
  },
  {
    ...inLookup,
    find: `nodes.mayBeOurs(node) ? 'lost' : 'unknown'`,
    replace: `'unknown'`,
    breaks: 'A node by a key that was lost is answered as gone.',
    tests: ['delivery/lookup.test.ts', 'delivery/deliver.test.ts'],
  },
  {
    ...inLookup,
    find: 'looksSealed(node) ? undefined : rawTokens.read(node, hint)',
    replace: 'rawTokens.read(node, hint)',
    breaks: 'A node by another key is taken for a device token.',
    tests: ['delivery/lookup.test.ts', 'delivery/deliver.test.ts'],
  },
  {
    ...inLookup,
    find: '...others, ...(secret !== undefined && { secret })',
    replace: '...others',
    breaks: 'Whoever knows an earlier node of a device publishes without its secret.',
    tests: ['delivery/lookup.test.ts', 'delivery/deliver.test.ts'],
  },
  {
    ...inLookup,
    find: `if (registration) return { kind: 'registered', registration };`,
    replace: '',
    breaks: 'Who knows a device token publishes past the registration and its secret.',
  },
];
