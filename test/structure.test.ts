import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', 'src');
const files = globSync('**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.d.ts'));

/** Folders inside which the arrows have a direction of their own. */
const divided = new Set(['xmpp', 'config', 'providers', 'store', 'harness']);

/** Room of a file: its folder, two levels deep in the divided ones; its own name at the top. */
function roomOf(file: string): string {
  const [first = '', second = ''] = file.split('/');
  if (!file.includes('/')) return file;
  return divided.has(first) && file.split('/').length > 2 ? `${first}/${second}` : first;
}

const arrows = files.flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8');
  const targets = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map((match) => match[1] ?? '');
  return targets.map((target) => ({ file, target: relative(root, join(root, dirname(file), target)) }));
});

/** What each room may import beside itself. */
const everywhere = ['core', 'telemetry', 'time'];
const allowed: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['commands'],
  'server.ts': [
    ...[...everywhere, 'config', 'conventions', 'delivery', 'guard', 'http', 'nodes', 'ops', 'providers', 'sending'],
    ...['store', 'xmpp/link', 'xmpp/services'],
  ],
  commands: [
    ...[
      ...everywhere,
      'check',
      'config',
      'config/kinds',
      'import',
      'ops',
      'server.ts',
      'store',
      'store/engine',
      'store/outbox',
      'store/postgres',
    ],
    ...['demo', 'report', 'runner', 'scenarios', 'sealing', 'server', 'stand-ins', 'vectors', 'clients'].map(
      (room) => `harness/${room}`,
    ),
  ],
  check: [...everywhere, 'config', 'http', 'nodes', 'providers', 'store', 'xmpp/link', 'xmpp/stream'],
  core: [],
  telemetry: ['core'],
  time: ['core'],
  config: [
    ...[...everywhere, 'config/kinds', 'conventions', 'delivery', 'nodes', 'providers', 'store/postgres'],
    ...['store/registry', 'xmpp/stream'],
  ],
  'config/kinds': ['core', 'telemetry'],
  conventions: [...everywhere, 'providers'],
  providers: [...everywhere, 'config/kinds', 'providers/apns', 'providers/fcm', 'providers/transport'],
  'providers/apns': [...everywhere, 'config/kinds', 'providers', 'providers/transport'],
  'providers/fcm': [...everywhere, 'config/kinds', 'providers', 'providers/transport'],
  'providers/transport': ['core', 'time'],
  sending: [...everywhere, 'providers'],
  guard: everywhere,
  nodes: ['core', 'telemetry'],
  'store/schema': ['core', 'nodes'],
  'store/engine': [...everywhere, 'store/schema'],
  'store/sqlite': [...everywhere, 'store/engine', 'store/schema'],
  'store/postgres': [...everywhere, 'config/kinds', 'store/engine', 'store/schema'],
  'store/outbox': [...everywhere, 'store/engine', 'store/schema'],
  'store/late-answers': [...everywhere, 'store/engine', 'store/schema'],
  'store/registry': [...everywhere, 'config/kinds', 'nodes', 'store/engine', 'store/schema'],
  store: [
    ...[...everywhere, 'store/engine', 'store/late-answers', 'store/outbox', 'store/postgres', 'store/registry'],
    ...['store/schema', 'store/sqlite'],
  ],
  delivery: [
    ...[...everywhere, 'config/kinds', 'conventions', 'guard', 'nodes', 'providers', 'sending'],
    ...['store/outbox', 'store/registry'],
  ],
  'xmpp/stream': [...everywhere, 'config/kinds'],
  'xmpp/services': [...everywhere, 'conventions', 'xmpp/stream'],
  'xmpp/link': [...everywhere, 'store/late-answers', 'xmpp/services', 'xmpp/stream'],
  http: [...everywhere, 'conventions', 'providers', 'store/registry'],
  ops: [...everywhere, 'guard', 'http', 'providers', 'sending', 'store/outbox', 'store/registry'],
  import: [...everywhere, 'config', 'conventions', 'nodes', 'providers', 'store', 'store/registry'],
};

test('structure - only main.ts and server.ts are outside the rooms', () => {
  assert.deepEqual(files.filter((file) => !file.includes('/')).toSorted(), ['main.ts', 'server.ts']);
});

test('structure - every room is known and imports only what it may', () => {
  const outside = arrows.filter(({ file }) => !file.startsWith('harness/'));
  const wrong = outside.filter(({ file, target }) => {
    const [from, to] = [roomOf(file), roomOf(target)];
    return from !== to && !allowed[from]?.includes(to);
  });
  assert.deepEqual(wrong, []);
});

test('structure - the harness imports nothing of the server but its clock and the core', () => {
  const outward = arrows.filter(({ file, target }) => file.startsWith('harness/') && !target.startsWith('harness/'));
  assert.deepEqual(
    outward.filter(({ target }) => target !== 'time/clock.ts' && roomOf(target) !== 'core'),
    [],
  );
});

test('structure - there are no import circles, type-only imports included', () => {
  const targetsOf = new Map(
    files.map((file) => [file, arrows.filter((arrow) => arrow.file === file).map(({ target }) => target)]),
  );
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at >= 0) circles.push([...way.slice(at), file].join(' -> '));
    if (at >= 0 || done.has(file)) return;
    for (const target of targetsOf.get(file) ?? []) walk(target, [...way, file]);
    done.add(file);
  };
  for (const file of files) walk(file, []);
  assert.deepEqual(circles, []);
});

test('structure - no file has more than 300 lines', () => {
  const long = files.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 301);
  assert.deepEqual(long, []);
});

test('structure - only providers, conventions and the harness compare names of providers and conventions', () => {
  const asking = files.filter((file) => {
    if (/^(providers|conventions|harness)\//.test(file)) return false;
    return /\b(provider|convention) [!=]==/.test(readFileSync(join(root, file), 'utf8'));
  });
  assert.deepEqual(asking, []);
});
