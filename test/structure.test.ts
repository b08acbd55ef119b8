import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', 'src');
const files = globSync('**/*.ts', { cwd: root });

/** Room of a file: its top folder, or its own name at the top. */
const roomOf = (file: string) => (file.includes('/') ? (file.split('/')[0] ?? '') : file.replace('.ts', ''));

const arrows = files.flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8');
  const targets = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map((match) => match[1] ?? '');
  return targets.map((target) => ({ file, target: relative(root, join(root, dirname(file), target)) }));
});

test('structure - push.ts imports nothing', () => {
  assert.deepEqual(
    arrows.filter(({ file }) => file === 'push.ts'),
    [],
  );
});

test('structure - nothing imports from xmpp/ but server.ts', () => {
  const strangers = arrows.filter(
    ({ file, target }) => roomOf(target) === 'xmpp' && !['xmpp', 'server'].includes(roomOf(file)),
  );
  assert.deepEqual(strangers, []);
});

test('structure - what has a key is reached by main.ts alone, and knows nothing of the server’s inside', () => {
  const inward = arrows.filter(({ file, target }) => roomOf(target) === 'harness' && roomOf(file) !== 'harness');
  assert.deepEqual(
    new Set(inward.map(({ file }) => file)).difference(new Set(['main.ts', 'demonstrate.ts'])),
    new Set(),
  );
  const outward = arrows.filter(({ file, target }) => roomOf(file) === 'harness' && roomOf(target) !== 'harness');
  assert.deepEqual(
    new Set(outward.map(({ target }) => target)).difference(new Set(['clock.ts', 'push.ts'])),
    new Set(),
  );
});

/** Inside delivery/ each file is a room of its own: what one hands to the next has an order. */
const nameOf = (file: string) => (roomOf(file) === 'delivery' ? file.replace('.ts', '') : roomOf(file));

test('structure - arrows point from the edge to the core', () => {
  const common = ['push', 'clock', 'telemetry'];
  const allowed: Record<string, readonly string[]> = {
    addressing: ['push'],
    routing: ['push'],
    secret: ['push'],
    'device-token': ['push'],
    providers: [...common, 'secret', 'providers'],
    registry: [...common, 'config', 'jid', 'registry'],
    outbox: [...common, 'outbox'],
    guard: [...common, 'guard'],
    xmpp: [...common, 'backoff', 'jid', 'addressing', 'answers', 'device-token', 'registry', 'xmpp'],
    http: [...common, 'config', 'answers', 'device-token', 'jid', 'registry', 'token-buckets', 'http'],
    import: [...common, 'config', 'device-token', 'jid', 'registry', 'import'],
    'delivery/authorization': ['push', 'jid'],
    'delivery/bulkhead': ['clock'],
    'delivery/circuit': ['push', 'clock', 'backoff'],
    'delivery/coalescer': ['clock'],
    'delivery/fair-shares': ['clock', 'jid', 'token-buckets'],
    'delivery/raw-tokens': [...common],
    'delivery/lookup': ['push', 'clock', 'registry', 'delivery/raw-tokens'],
    'delivery/lane': [...common, 'routing', 'delivery/bulkhead', 'delivery/circuit'],
    'delivery/dispatch': [...common, 'guard', 'routing', 'registry', 'delivery/lane'],
    'delivery/redelivery': [
      ...[...common, 'backoff', 'outbox', 'routing'],
      ...['delivery/dispatch', 'delivery/fair-shares', 'delivery/lane', 'delivery/lookup'],
    ],
    'delivery/delivery': [
      ...[...common, 'addressing', 'answers', 'backoff', 'guard', 'jid', 'outbox', 'registry', 'routing'],
      ...['delivery/authorization', 'delivery/coalescer', 'delivery/dispatch', 'delivery/fair-shares'],
      ...['delivery/lane', 'delivery/lookup', 'delivery/redelivery'],
    ],
  };
  const wrong = arrows.filter(({ file, target }) => {
    const rooms = allowed[nameOf(file)];
    return rooms && !rooms.includes(nameOf(target));
  });
  assert.deepEqual(wrong, []);
});

test('structure - from registry/ and outbox/ strangers import the contract alone', () => {
  const inner = arrows.filter(({ file, target }) => {
    const room = roomOf(target);
    if (
      !['registry', 'outbox'].includes(room) ||
      roomOf(file) === room ||
      ['server', 'import'].includes(roomOf(file))
    ) {
      return false;
    }
    return target !== `${room}/contract.ts`;
  });
  assert.deepEqual(inner, []);
});
