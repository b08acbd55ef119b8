import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { ConfigError, parseConfig } from '../../src/config/config.ts';
import { createSources } from './files.ts';

const link = { service: 'xmpp://127.0.0.1:5347', domain: 'push.example.com', secret: 'juliet' };
const fcm = { provider: 'fcm', ids: ['fcm-xmpp-api'], serviceAccount: { file: 'certs/service-account.json' } };
const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const other = 'ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=';

const parse = (nodes?: object) =>
  parseConfig(
    { xmpp: [link], apps: { android: fcm }, ...(nodes && { nodes }) },
    { ...createSources(), env: { NODE_KEY: `${key}\nrandom-nodes` } },
  ).nodes;

function problemsOf(nodes: object): readonly string[] {
  try {
    parse(nodes);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

test('config - without a word about nodes the key lies beside the store, and nodes fit into MongooseIM', () => {
  assert.deepEqual(parse(), { previousKeys: [], maxLength: 250 });
});

test('config - a node key with what it says, earlier ones and the longest node', () => {
  const nodes = parse({ key: { env: 'NODE_KEY' }, previousKeys: [other], maxLength: 512 });
  assert.equal(nodes.key?.reveal(), `${key}\nrandom-nodes`);
  assert.deepEqual(
    nodes.previousKeys.map((previous) => previous.reveal()),
    [other],
  );
  assert.equal(nodes.maxLength, 512);
  for (const secret of [key, other]) assert.ok(!inspect(nodes, { depth: 9 }).includes(secret));
});

test('config - what is no node key is refused by its name, and not quoted', () => {
  assert.deepEqual(problemsOf({ key: 'juliet-and-romeo' }), ['nodes.key: is no node key']);
  assert.deepEqual(problemsOf({ previousKeys: [key, `${key}A`] }), ['nodes.previousKeys[1]: is no node key']);
  assert.deepEqual(problemsOf({ previousKeys: Array.from({ length: 11 }, () => key) }), [
    'nodes.previousKeys: more than 10 previous keys',
  ]);
  assert.deepEqual(problemsOf({ maxLength: 127 }), ['nodes.maxLength: expected a whole number from 128 to 1024']);
  assert.deepEqual(problemsOf({ previousKeys: 7 }), ['nodes.previousKeys: expected a list of node keys']);
});
