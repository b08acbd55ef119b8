import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import { shortKey } from '../../../src/core/short-key.ts';
import { createFindTogether } from '../../../src/store/registry/find-together.ts';
import type { Tables } from '../../../src/store/schema/tables.ts';

/** A database whose rows are the nodes that exist, and the keys of each statement that it got. */
function start(exists: (node: string) => boolean, nodes: readonly string[]) {
  const statements: (readonly unknown[])[] = [];
  let failure: Error | undefined;
  /** The first statement waits for it. */
  let held: Promise<void> | undefined;
  const byKey = new Map(nodes.filter(exists).map((node) => [shortKey(node), node]));
  class Driver extends DummyDriver {
    override async acquireConnection() {
      return {
        // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- kysely's own signature
        async executeQuery<R>({ parameters }: { parameters: readonly unknown[] }) {
          statements.push(parameters);
          if (failure) throw failure;
          const isHeld = statements.length === 1;
          if (isHeld) await held;
          const keys = new Set(parameters.map(String));
          const rows = [...keys].flatMap((key) => (byKey.has(key) ? [{ node: byKey.get(key) }] : []));
          return { rows: rows as R[] };
        },
        // oxlint-disable-next-line require-yield
        async *streamQuery(): AsyncGenerator<never> {
          throw new Error('not here');
        },
      };
    }
  }
  const db = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new Driver(),
      createIntrospector: (inner) => new PostgresIntrospector(inner),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  const find = createFindTogether(db);
  return {
    statements,
    fail: (error: Error | undefined) => void (failure = error),
    hold: (until: Promise<void>) => void (held = until),
    find: async (node: string) => (await find(node))?.node,
  };
}

const nodesOf = (count: number) => Array.from({ length: count }, (_, i) => `node-${i}`);

test('find together - the nodes of one turn are asked for in one statement, each gets its own row', async () => {
  const nodes = nodesOf(5);
  const { find, statements } = start((node) => node !== 'node-3', nodes);
  assert.deepEqual(await Promise.all(nodes.map(find)), ['node-0', 'node-1', 'node-2', undefined, 'node-4']);
  const keys = nodes.map(shortKey);
  assert.deepEqual(statements, [[...keys, ...Array<string>(3).fill(shortKey('node-0'))]]);
  assert.equal(await find('node-1'), 'node-1');
  assert.deepEqual(statements[1], [shortKey('node-1')]);
});

test('find together - one node that is asked for twice is one key, and both are answered', async () => {
  const { find, statements } = start(() => true, ['one']);
  assert.deepEqual(await Promise.all(['one', 'one'].map(find)), ['one', 'one']);
  assert.deepEqual(statements, [[shortKey('one')]]);
});

test('find together - more than 64 nodes are several statements', async () => {
  const nodes = nodesOf(130);
  const { find, statements } = start(() => true, nodes);
  assert.deepEqual(await Promise.all(nodes.map(find)), nodes);
  assert.deepEqual(
    statements.map(({ length }) => length),
    [64, 64, 2],
  );
});

test('find together - a statement that fails fails for those that it was for, and the next one is tried', async () => {
  const { find, fail } = start(() => true, ['one', 'two']);
  fail(new Error('server closed the connection'));
  const results = await Promise.allSettled(['one', 'two'].map(find));
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  fail(undefined);
  assert.equal(await find('two'), 'two');
});

test('find together - who asks for a node later does not hear first, others do not wait', async () => {
  const { find, hold, statements } = start(() => true, ['one', 'two']);
  const gate = Promise.withResolvers<void>();
  hold(gate.promise);
  const heard: string[] = [];
  const ask = (name: string, node: string) => find(node).then(() => void heard.push(name));
  const first = ask('first', 'one');
  await new Promise(setImmediate);
  const second = ask('second', 'one');
  await ask('other', 'two');
  assert.deepEqual(heard, ['other']);
  gate.resolve();
  await Promise.all([first, second]);
  assert.deepEqual(heard, ['other', 'first', 'second']);
  assert.equal(statements.length, 3);
});
