import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { eventually, stopProcess } from '../support/process.ts';
import { defaults, startProviders } from '../support/sealpost.ts';

const mainFile = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

function hasScript(): boolean {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux');
  } catch {
    return false;
  }
}

/** Runs the server, in a terminal if asked, until it serves; resolves with what it wrote by then. */
async function outputOf({ inTerminal, format }: { inTerminal: boolean; format?: string }): Promise<string> {
  const { folder, apps, stop } = await startProviders();
  const configFile = join(folder, 'sealpost.yaml');
  const xmpp = [{ service: 'xmpp://127.0.0.1:1', domain: 'push.localhost', secret: 's3cret' }];
  await writeFile(configFile, stringify({ xmpp, ...defaults(folder), apps, ...(format && { log: { format } }) }));
  const command = [process.execPath, mainFile, 'serve', '--config', configFile];
  const [program = '', ...args] = inTerminal ? ['script', '-qefc', command.join(' '), '/dev/null'] : command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let written = '';
  child.stdout.on('data', (chunk) => (written += String(chunk)));
  try {
    await eventually('it serves', () => /\bserving\b/.test(written) || undefined);
    child.kill('SIGTERM');
    await once(child, 'exit');
    return written;
  } finally {
    await stopProcess(child);
    await stop();
  }
}

const text = /^\d\d:\d\d:\d\d\.\d{3} .*info .* Sealpost starts on Node \d+.*version=/m;

test(
  'log form - in a terminal the lines are text',
  { skip: !hasScript() && 'needs script of util-linux' },
  async () => {
    const written = await outputOf({ inTerminal: true });
    assert.match(written, text);
    assert.doesNotMatch(written, /^\{/m);
  },
);

test('log form - elsewhere each line is a JSON object, unless the config asks for text', async () => {
  const lines = (await outputOf({ inTerminal: false })).trimEnd().split('\n');
  assert.ok(lines.length > 5);
  for (const line of lines) assert.equal(typeof JSON.parse(line), 'object', line);
  assert.match(await outputOf({ inTerminal: false, format: 'text' }), text);
});
