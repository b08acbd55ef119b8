import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { eventually, stopProcess } from '../support/process.ts';
import { defaults, type Providers, startProviders } from '../support/sealpost.ts';

const mainFile = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

interface Starting {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  /** Lets it read its secret and go on. */
  readonly goOn: () => Promise<void>;
}

/** A server in the middle of its start: it waits for the secret of its link, which it reads out of a pipe. */
async function startHalfway({ folder, apps }: Providers): Promise<Starting> {
  const pipe = join(folder, 'secret');
  execFileSync('mkfifo', [pipe]);
  const xmpp = [{ service: 'xmpp://127.0.0.1:1', domain: 'push.localhost', secret: { file: pipe } }];
  const configFile = join(folder, 'sealpost.yaml');
  await writeFile(configFile, stringify({ xmpp, ...defaults(folder), apps }));
  const child = spawn(process.execPath, [mainFile, 'serve', '--config', configFile]);
  const lines: string[] = [];
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on('line', (line) => void lines.push(line));
  }
  // Opening it succeeds as soon as there is a reader.
  const writer = await eventually('it reads its secret', () => {
    return open(pipe, constants.O_WRONLY | constants.O_NONBLOCK).catch(() => undefined);
  });
  const goOn = async () => {
    await writer.write('s3cret\n');
    await writer.close();
  };
  return { child, lines, goOn };
}

async function halfway(run: (starting: Starting) => Promise<void>): Promise<void> {
  const providers = await startProviders();
  const starting = await startHalfway(providers);
  try {
    await run(starting);
  } finally {
    await stopProcess(starting.child);
    await providers.stop();
  }
}

test('signals - SIGHUP during the start does not end the server, which checks its credentials once it runs', () =>
  halfway(async ({ child, lines, goOn }) => {
    child.kill('SIGHUP');
    await goOn();
    await eventually('it has looked', () => lines.find((line) => line.includes('credentials checked')));
    assert.ok(lines.some((line) => line.includes('"msg":"serving"')));
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  }));

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`signals - ${signal} during the start ends the server with 0, as at any other time`, () =>
    halfway(async ({ child, goOn }) => {
      const ended = once(child, 'exit');
      child.kill(signal);
      await goOn();
      assert.deepEqual(await ended, [0, null]);
    }));
}

test('signals - they are caught before the program is loaded', async () => {
  // Writes a line for each file of ours or of a library, with the number of listeners at the time it is asked for.
  const hook = `
    import { registerHooks } from 'node:module';
    import { writeSync } from 'node:fs';
    const listeners = () => ['SIGHUP', 'SIGTERM', 'SIGINT'].map((signal) => process.listenerCount(signal)).join('');
    registerHooks({
      resolve(specifier, context, next) {
        const found = next(specifier, context);
        if (found.url.startsWith('file:')) writeSync(1, listeners() + ' ' + found.url + '\\n');
        return found;
      },
    });`;
  const preload = `data:text/javascript,${encodeURIComponent(hook)}`;
  const child = spawn(process.execPath, ['--import', preload, mainFile, 'serve', '--config', '/nowhere/sealpost.yaml']);
  const files: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => void files.push(line));
  assert.deepEqual(await once(child, 'close'), [1, null]);
  const uncaught = files.filter((line) => !line.startsWith('111 '));
  assert.ok(files.length > 50, `${files.length} files`);
  assert.ok(uncaught.length <= 4, uncaught.join('\n'));
});
