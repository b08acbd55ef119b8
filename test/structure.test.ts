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

test('structure - arrows point from the edge to the core', () => {
  const allowed: Record<string, readonly string[]> = {
    providers: ['push', 'clock', 'telemetry', 'secret', 'providers'],
    secret: ['push'],
    registry: ['push', 'clock', 'telemetry', 'config', 'registry'],
    outbox: ['push', 'clock', 'telemetry', 'outbox'],
    xmpp: ['push', 'clock', 'telemetry', 'backoff', 'jid', 'addressing', 'answers', 'device-token', 'registry', 'xmpp'],
    http: [
      'push',
      'clock',
      'telemetry',
      'config',
      'answers',
      'device-token',
      'jid',
      'registry',
      'token-buckets',
      'http',
    ],
    'device-token': ['push'],
    import: ['push', 'clock', 'telemetry', 'config', 'device-token', 'registry', 'import'],
    routing: ['push'],
    lane: ['push', 'clock', 'telemetry', 'bulkhead', 'circuit'],
    guard: ['push', 'clock', 'telemetry', 'guard'],
    dispatch: ['push', 'clock', 'telemetry', 'guard', 'lane', 'routing', 'registry'],
    redelivery: ['fair-shares', 'push', 'clock', 'telemetry', 'backoff', 'dispatch', 'lane', 'lookup', 'outbox'],
    lookup: ['push', 'clock', 'raw-tokens', 'registry'],
    addressing: ['push'],
    delivery: [
      ...['push', 'clock', 'telemetry', 'answers', 'authorization', 'backoff', 'coalescer', 'routing', 'registry'],
      ...['guard', 'jid'],
      ...['dispatch', 'lane', 'outbox', 'redelivery', 'lookup', 'addressing', 'fair-shares'],
    ],
  };
  const wrong = arrows.filter(({ file, target }) => {
    const rooms = allowed[roomOf(file)];
    return rooms && !rooms.includes(roomOf(target));
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
