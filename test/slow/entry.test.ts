import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { stringify } from 'yaml';

const root = join(import.meta.dirname, '../..');
const entry = join(root, 'bin/sealpost.js');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

async function run(node: string, args: readonly string[]) {
  const child = spawn(node, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SEALPOST_CONFIG: undefined },
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: code as number, out, err };
}
const sealpost = (...args: string[]) => run(process.execPath, [entry, ...args]);

/** A Node on the PATH that is too old, if there is one. */
function oldNode(): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const node = join(folder, 'node');
    if (!existsSync(node)) continue;
    const major = /^v(\d+)\./.exec(execFileSync(node, ['--version'], { encoding: 'utf8' }))?.[1];
    if (Number(major) < 24) return node;
  }
  return undefined;
}

test('entry - an old Node only gets a message with the version needed', async (t) => {
  const node = oldNode();
  if (node === undefined) {
    t.skip('needs a Node older than 24 on the PATH');
    return;
  }
  for (const args of [[], ['--version'], ['serve', '--config', 'sealpost.yaml']]) {
    const { code, out, err } = await run(node, [entry, ...args]);
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /^sealpost needs Node 24, this is \d+\. [^\n]+\n$/);
  }
});

test('entry - the version', async () => {
  for (const option of ['--version', '-V']) {
    assert.deepEqual(await sealpost(option), { code: 0, out: `sealpost ${version}\n`, err: '' });
  }
});

const mistyped: readonly [args: string[], first: string][] = [
  [['serv'], 'sealpost: unknown command "serv"; did you mean "serve"?'],
  [['serve', '--confg', 'x'], 'sealpost: unknown option "--confg"; did you mean "--config"?'],
  [['--confg=x'], 'sealpost: unknown option "--confg"; did you mean "--config"?'],
  [['demo', 'now'], ''],
  [['guard', 'relese', '--config', 'x'], 'sealpost: unknown action "relese"; did you mean "release"?'],
  [['import', '--form', 'p2', 'x'], 'sealpost: unknown option "--form"; did you mean "--from"?'],
  [['harness', 'srve'], 'sealpost harness: unknown command "srve"; did you mean "serve"?'],
  [['harness', 'serve', '--domian', 'x'], 'sealpost harness: unknown option "--domian"; did you mean "--domain"?'],
  [['serve'], 'sealpost: serve needs a config: --config FILE or SEALPOST_CONFIG'],
];
for (const [args, first] of mistyped) {
  test(`entry - sealpost ${args.join(' ')}: says what is wrong and shows the usage`, async () => {
    const { code, out, err } = await sealpost(...args);
    assert.deepEqual([code, out], [2, '']);
    const [line = '', ...rest] = err.split('\n');
    assert.ok(line.startsWith(first), line);
    assert.ok(rest.join('\n').includes('Usage: sealpost'), err);
  });
}

test('entry - the config option may precede the command', async () => {
  for (const args of [
    ['--config', '/nowhere.yaml', 'serve'],
    ['--config=/nowhere.yaml', 'serve'],
    ['--config', '/nowhere.yaml'],
  ]) {
    const { code, err } = await sealpost(...args);
    assert.equal(code, 1);
    assert.match(err, /^\/nowhere\.yaml: cannot be read \(ENOENT\)/);
  }
});

test('entry - each command has a help page of its own', async () => {
  for (const name of ['serve', 'demo', 'check', 'guard', 'import', 'harness']) {
    const { code, out, err } = await sealpost(name, '--help');
    assert.deepEqual([code, err], [0, '']);
    assert.ok(out.startsWith(`Usage: sealpost ${name}`), out);
  }
});

test('entry - writing to a closed pipe ends quietly', async () => {
  const command = `set -o pipefail; '${process.execPath}' '${entry}' demo | head -n 3; echo "exit $?"`;
  const { out, err } = await run('bash', ['-c', command]);
  assert.equal(err, '');
  assert.match(out, /exit 0\n$/);
});

/** Bit of SIGHUP in the mask of signals that a process catches. */
const sighup = 1n;

test('entry - a SIGHUP while the server starts does not end it, and is handled once it runs', async (t) => {
  if (!existsSync('/proc/self/status')) {
    t.skip('needs /proc to see when signals are caught');
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'sealpost-entry-'));
  t.after(() => rm(folder, { recursive: true }));
  const config = join(folder, 'sealpost.yaml');
  await writeFile(
    config,
    stringify({
      xmpp: [{ service: 'xmpp://127.0.0.1:1', domain: 'push.localhost', secret: 's3cret' }],
      http: { ops: { port: 0 }, public: { port: 0 } },
      store: `sqlite:${join(folder, 'sealpost.db')}`,
      apps: {
        one: {
          provider: 'apns',
          ids: ['one'],
          topic: 'org.example',
          key: { file: await p8(folder), id: 'ABC1234567', team: 'TEAM123456' },
        },
      },
    }),
  );
  const child = spawn(process.execPath, [entry, 'serve', '--config', config], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  const isCaught = () => {
    const [, mask = '0'] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
    return (BigInt(`0x${mask}`) & sighup) !== 0n;
  };
  while (!isCaught()) await new Promise(setImmediate);
  assert.ok(!out.includes('serving'), 'it was caught only after the start');
  child.kill('SIGHUP');
  while (!out.includes('credentials checked')) {
    await Promise.race([once(child.stdout, 'data'), ended]);
    assert.equal(child.exitCode ?? child.signalCode, null, out);
  }
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});

async function p8(folder: string): Promise<string> {
  const { createApnsKey } = await import('../../src/harness/stand-ins/certificates.ts');
  const file = join(folder, 'key.p8');
  await writeFile(file, (await createApnsKey()).privateKey, { mode: 0o600 });
  return file;
}
