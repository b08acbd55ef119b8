import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { missingPackage } from '../support/debian.ts';
import { eventually } from '../support/process.ts';

// The commands of docs/harness.md, as they stand there but for the port. A new block of commands needs a test here.

const root = join(import.meta.dirname, '..', '..');
const guide = await readFile(join(root, 'docs', 'harness.md'), 'utf8');
const blocks = [...guide.matchAll(/```sh\n([^]*?)```/g)].map(([, script = '']) => script);
const [serve = '', component = '', ci = '', run = '', byHand = '', providers = ''] = blocks;

const debian = '/usr/lib/python3/dist-packages';
const skip =
  missingPackage('python3-slixmpp', `${debian}/slixmpp/__init__.py`) ||
  missingPackage('python3-jwt', `${debian}/jwt/__init__.py`) ||
  missingPackage('python3-cryptography', `${debian}/cryptography/__init__.py`);

/** A folder with `sealpost` in the path, and what a checkout has for the commands. */
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harness-guide-'));
  for (const name of ['examples', 'vectors']) await symlink(join(root, name), join(folder, name));
  await symlink('/usr/bin/python3', join(folder, 'python3'));
  const command = join(folder, 'sealpost');
  await writeFile(command, `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'bin/sealpost.js')}' "$@"\n`);
  await chmod(command, 0o755);
});
/** Shells that a failed test left behind are ended with all that they started. */
const running = new Set<Running>();
after(async () => {
  for (const shell of running) shell.interrupt();
  await rm(folder, { recursive: true, force: true });
});

/** Two processes that start on a busy machine, in milliseconds. */
const startWithinMs = 60_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

interface Running {
  output(): string;
  readonly finished: Promise<number | null>;
  /** Ends the shell and what it started. */
  interrupt(): void;
}

/** Runs a block as bash does, in a process group of its own. */
function start(script: string, port?: number): Running {
  const text = port === undefined ? script : script.replaceAll('5347', String(port));
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` };
  const child = spawn('bash', ['-c', text], { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => void (said += chunk));
  }
  const shell: Running = {
    output: () => said,
    finished: once(child, 'close').then(([code]) => {
      running.delete(shell);
      return code as number | null;
    }),
    interrupt: () => void process.kill(-(child.pid ?? NaN), 'SIGTERM'),
  };
  running.add(shell);
  return shell;
}

test('harness guide - every block of commands has its test', () => {
  const beginnings = blocks.map((block) => (block.split('\n')[0] ?? '').split(' ').slice(0, 3).join(' '));
  assert.deepEqual(beginnings, [
    'sealpost harness serve',
    'python3 examples/component.py xmpp://127.0.0.1:5347',
    'rm -f settings.json',
    'sealpost harness run',
    'sealpost harness seal',
    'sealpost harness providers',
  ]);
});

/** The keys of an object and of the objects in it. */
function keysOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, keysOf(one)]));
}

test('harness guide - two terminals lead to a green verdict on the example', { skip }, async () => {
  const port = await freePort();
  const harness = start(serve, port);
  const file = join(folder, 'settings.json');
  const text = await eventually('settings.json', () => readFile(file, 'utf8').catch(() => undefined), startWithinMs);
  const [, documented = ''] = /```json\n([^]*?)```/.exec(guide) ?? [];
  assert.deepEqual(keysOf(JSON.parse(text)), keysOf(JSON.parse(documented)));
  const example = start(component, port);
  const code = await harness.finished;
  example.interrupt();
  await example.finished;
  assert.equal(code, 0, harness.output() + example.output());
  const [verdict = ''] = /Green: \d+ capabilities held/.exec(guide) ?? [];
  assert.ok(harness.output().includes(verdict), harness.output());
  assert.match(await readFile(join(folder, 'report.html'), 'utf8'), /<html/);
  await rm(file);
});

test('harness guide - the job for CI ends with the verdict, and writes JUnit and JSON', { skip }, async () => {
  const job = start(ci, await freePort());
  assert.equal(await job.finished, 0, job.output());
  assert.match(await readFile(join(folder, 'harness.xml'), 'utf8'), /<testsuite name="sealpost harness capabilities"/);
  const { verdict } = JSON.parse(await readFile(join(folder, 'harness.json'), 'utf8')) as { verdict: string };
  assert.equal(verdict, 'green');
  await rm(join(folder, 'settings.json'));
});

test('harness guide - a defect of the example makes the job red', { skip }, async () => {
  const source = await readFile(join(root, 'examples', 'component.py'), 'utf8');
  const parts = source.split(`return "auth", "forbidden"`);
  assert.equal(parts.length, 2);
  await writeFile(join(folder, 'defect.py'), parts.join('pass'));
  const job = start(ci.replace('examples/component.py', 'defect.py'), await freePort());
  assert.equal(await job.finished, 1, job.output());
  const { causes } = JSON.parse(await readFile(join(folder, 'harness.json'), 'utf8')) as { causes: { text: string }[] };
  assert.deepEqual(causes.length, 1, JSON.stringify(causes));
});

test('harness guide - Sealpost itself is played, all of it or a part', async () => {
  const shell = start(`set -e\n${run}`);
  assert.equal(await shell.finished, 0, shell.output());
  assert.match(shell.output(), /^call-rings +A call rings/m);
  assert.match(shell.output(), /✓ \d+ scenarios passed/);
});

test('harness guide - sealing, opening and vectors by hand', async () => {
  const shell = start(`set -e\n${byHand}`);
  assert.equal(await shell.finished, 0, shell.output());
  assert.match(shell.output(), /"message":"Hello"\}\nsealing\.json: (\d+) of \1 vectors agree with the reference\n/);
});

test('harness guide - what reaches the stand-ins is opened as it comes', async () => {
  const sealed = await readFile(join(folder, 'sealed.xml'), 'utf8');
  const [, iv, encrypted] = /iv='([^']+)'>([^<]+)</.exec(sealed) ?? [];
  const shell = start(providers);
  try {
    await eventually(
      'the stand-ins',
      () => Promise.resolve(shell.output().includes('settings.json') || undefined),
      startWithinMs,
    );
    const { apns } = JSON.parse(await readFile(join(folder, 'harness-keys', 'settings.json'), 'utf8')) as {
      apns: { endpoint: string; ca: string };
    };
    const ca = await readFile(apns.ca);
    const session = connect(apns.endpoint, { ca });
    session.request({ ':method': 'POST', ':path': '/3/device/abab' }).end(JSON.stringify({ aps: {}, encrypted, iv }));
    await eventually(
      'the text',
      () => Promise.resolve(shell.output().includes('"message":"Hello"}\n') || undefined),
      startWithinMs,
    );
    session.destroy();
  } finally {
    shell.interrupt();
    await shell.finished;
  }
});
