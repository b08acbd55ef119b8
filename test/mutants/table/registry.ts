import type { Mutant } from '../mutant.ts';

const inRegistry = { file: 'store/registry/registry.ts', tests: ['store/registry/registry.test.ts'] };

const inRenewal = { file: 'store/registry/renewal.ts', tests: ['store/registry/registry.test.ts'] };

const inBounds = { file: 'store/registry/bounds.ts', tests: ['store/registry/registry.test.ts'] };

const inOrder = { file: 'store/registry/in-order.ts', tests: ['store/registry/in-order.test.ts'] };

const inConditions = { file: 'store/registry/conditions.ts', tests: ['store/registry/registry.test.ts'] };

const inDomains = { file: 'store/registry/domains.ts', tests: ['store/registry/registry.test.ts'] };

const inContract = { file: 'store/registry/contract.ts', tests: ['store/registry/registry.test.ts'] };

const inTombstones = { file: 'store/registry/forget-removed.ts', tests: ['store/registry/registry.test.ts'] };

const inFindTogether = { file: 'store/registry/find-together.ts', tests: ['store/registry/find-together.test.ts'] };

const inPrepare = { file: 'store/sqlite/prepare.ts', tests: ['store/registry/sqlite.test.ts'] };

const inImportRegistrations = {
  file: 'store/registry/import-registrations.ts',
  tests: ['store/registry/registry.test.ts'],
};

/** Which registrations there are, and which are removed. */
export const registry: readonly Mutant[] = [
  {
    ...inFindTogether,
    find: 'resolve(found.get(node))',
    replace: 'resolve(rows[0])',
    breaks: 'A publish gets the device of another one of its packet.',
  },
  {
    ...inFindTogether,
    find: 'for (const { node } of asked) underWay.add(node);',
    replace: '',
    breaks: 'Publishes to one device overtake each other, and an old wake-up wins.',
  },
  {
    ...inFindTogether,
    find: 'if (waiting.length > 0) askAll();',
    replace: '',
    breaks: 'A publish that waits for an earlier one to the same device hangs.',
  },
  {
    ...inFindTogether,
    find: 'const nodesAtOnce = 64;',
    replace: 'const nodesAtOnce = 1_000;',
    breaks: 'A large packet makes statements of any length.',
  },
  {
    ...inFindTogether,
    find: 'for (const { reject } of asked) reject(error);',
    replace: 'asked[0]?.reject(error);',
    breaks: 'When a statement fails, the other publishes of the packet hang.',
  },
  {
    ...inFindTogether,
    find: '[...new Set(asked.map(({ key }) => key))]',
    replace: 'asked.map(({ key }) => key)',
    breaks: 'A node with many publishes makes statements longer.',
  },
  {
    ...inConditions,
    find: 'registered_at_ms <= ${knownAtMs}',
    replace: 'registered_at_ms <= ${knownAtMs} + 1',
    breaks: 'A registration that was renewed while its old token proved dead is lost.',
  },
  {
    ...inRenewal,
    find: 'ELSE registration.registered_at_ms + 1 END',
    replace: 'ELSE registration.registered_at_ms END',
    breaks: 'A registration that was renewed in the same millisecond is lost with its old token.',
  },
  {
    ...inRenewal,
    find: 'coalesce(registration.secret, excluded.secret)',
    replace: 'excluded.secret',
    breaks: 'A client that registers again gets another secret, while its server goes on with the old one.',
  },
  {
    ...inRenewal,
    find: 'CASE WHEN registration.token_key = excluded.token_key THEN registration.environment END',
    replace: 'registration.environment',
    breaks: 'A new token goes to the environment of the old one.',
  },
  {
    ...inOrder,
    find: 'before ? before.then(work, work) : work()',
    replace: 'work()',
    breaks: 'A device that unregisters and registers anew at once is left unregistered.',
  },
  {
    ...inBounds,
    find: `if (!owner.account.includes('@')) return [];`,
    replace: '',
    breaks: 'Devices that registered without an account displace each other.',
  },
  {
    ...inBounds,
    find: `    .where('node_key', '!=', key)
`,
    replace: '',
    breaks: 'A device displaces itself when the clock was set back.',
  },
  {
    ...inBounds,
    find: `.limit(displacedAtOnce)
    .offset(registrationsPerAccount - 1)`,
    replace: `.limit(displacedAtOnce)
    .offset(registrationsPerAccount)`,
    breaks: 'An account has one registration more than it may.',
  },
  {
    ...inConditions,
    find: ' OR node_key = ${shortKey(token)})',
    replace: ')',
    breaks: 'A client that names its node stays registered.',
  },
  {
    ...inConditions,
    find: ' OR device_key = ${named}',
    replace: '',
    breaks: 'A client that names its device by its id stays registered.',
  },
  {
    ...inRegistry,
    find: `        .where('second_token', '=', secondToken)
`,
    replace: '',
    breaks: 'A new PushKit token is dropped because the old one was dead.',
  },
  {
    ...inRegistry,
    find: 'metrics.registrations.dec({ app });',
    replace: 'void app;',
    breaks: 'The number of registrations only grows.',
  },
  {
    ...inRegistry,
    find: 'if (request.importedAs !== undefined) await claimImported(db, request, request.importedAs);',
    replace: '',
    breaks: 'A device that was taken over from p2 has two nodes and is woken twice.',
  },
  {
    ...inRegistry,
    find: `.orderBy('registered_at_ms', 'desc')
      .limit(limit)`,
    replace: `.orderBy('registered_at_ms', 'asc')
      .limit(limit)`,
    breaks: 'A list of registrations shows the oldest, not the latest.',
  },
  {
    ...inDomains,
    find: 'registrations >= limits.perDomain',
    replace: 'registrations > limits.perDomain',
    breaks: 'A domain has one registration more than it may have.',
  },
  {
    ...inDomains,
    find: 'made >= limits.newPerDay',
    replace: 'made > limits.newPerDay',
    breaks: 'A domain has one new device a day more than it may have.',
  },
  {
    ...inDomains,
    find: '(row.day === day ? row.made : 0)',
    replace: 'row.made',
    breaks: 'A domain that once had many new devices never has one again.',
  },
  {
    ...inDomains,
    find: `change === 'gone' ? -group.length : group.length`,
    replace: 'group.length',
    breaks: 'A domain whose devices come and go is full one day.',
  },
  {
    ...inDomains,
    find: `change === 'new' ? group.length : 0`,
    replace: 'group.length',
    breaks: 'An import uses up what a domain may have in new devices that day.',
  },
  {
    ...inRegistry,
    find: 'if (!isKnown) throw',
    replace: 'throw',
    breaks: 'The devices of a full domain cannot renew their tokens.',
  },
  {
    ...inRegistry,
    find: `await domains.count(back, 'back');`,
    replace: '',
    breaks: 'What the guard restores is not counted for its domain.',
  },
  {
    ...inContract,
    find: 'registrationsPerAccount = 250',
    replace: 'registrationsPerAccount = 2_500',
    breaks: 'An account takes ten times the room in the store.',
  },
  {
    ...inTombstones,
    find: 'REMOVED_LIFE_MS = 400 * 86_400_000',
    replace: 'REMOVED_LIFE_MS = 399 * 86_400_000',
    breaks: 'A server that was off for a year is not told that a device is gone.',
  },
  {
    ...inTombstones,
    find: 'REMOVED_LIFE_MS = 400 * 86_400_000',
    replace: 'REMOVED_LIFE_MS = 402 * 86_400_000',
    breaks: 'Tombstones are kept longer than it says.',
  },
  {
    ...inTombstones,
    find: `'removed_at_ms', '<'`,
    replace: `'removed_at_ms', '>'`,
    breaks: 'Young tombstones are forgotten and old ones kept.',
  },
  {
    ...inTombstones,
    find: 'FORGET_EVERY_MS = 86_400_000',
    replace: 'FORGET_EVERY_MS = 864_000_000',
    breaks: 'Tombstones of a server that runs on are forgotten ten days late.',
  },
  {
    ...inTombstones,
    find: 'forgotten === BATCH && ',
    replace: 'forgotten < 0 && ',
    breaks: 'Tombstones are never forgotten.',
  },
  {
    ...inPrepare,
    find: 'if (newer.length === 0) return false;',
    replace: 'if (newer.length >= 0) return false;',
    breaks: 'An old version works on the store of a newer one.',
  },
  {
    ...inPrepare,
    find: 'if (!isSound(database))',
    replace: 'if (false)',
    breaks: 'A damaged store is opened, and found out notification by notification.',
  },
  {
    ...inPrepare,
    find: 'tables !== 0',
    replace: 'tables === -1',
    breaks: 'The database of another program gets our tables.',
  },
  {
    ...inImportRegistrations,
    find: `secret === row.secret ? 'present' : 'node-taken'`,
    replace: `'present'`,
    breaks: 'A foreign registration under a node that is taken counts as taken over.',
  },
  {
    ...inImportRegistrations,
    find: `removed.has(row.node) ? 'removed' : undefined`,
    replace: 'undefined',
    breaks: 'Importing twice brings back what users have unregistered.',
  },
  {
    ...inRegistry,
    find: `await removeWhere('displaced', asOf(oldest, atMs));`,
    replace: '{ /* stays */ }',
    breaks: 'An account registers devices without end.',
  },
  {
    ...inConditions,
    find: '`${anyApp} AND app = ${app}`',
    replace: '`${anyApp}`',
    breaks: 'Unregistering from one app unregisters from all.',
  },
  {
    ...inRegistry,
    find: `      .where('removed_at_ms', 'is', null)
      .where(condition)`,
    replace: '      .where(condition)',
    breaks: 'What was removed already is removed and counted once more.',
  },
  {
    ...inRegistry,
    find: `      .where('registered_at_ms', '=', registeredAtMs)
`,
    replace: '',
    breaks: 'A PushKit token that the client has given up comes back.',
    tests: ['store/registry/registry.test.ts', 'store/registry/restore.test.ts'],
  },
  {
    ...inRegistry,
    find: `.where('node_key', 'in', restorable)
        .where('removal_reason', '=', 'gone')`,
    replace: `.where('node_key', 'in', restorable)`,
    breaks: 'What a user unregistered comes back with what the guard restores.',
    tests: ['store/registry/registry.test.ts', 'store/registry/restore.test.ts'],
  },
];
