import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ip = (...words: string[]) => run('ip', words);

/** A network of its own for one process, which can be cut off without anybody being told. */
export interface Network extends AsyncDisposable {
  /** What a command line begins with that runs in this network. */
  readonly prefix: readonly string[];
  /** From now on every packet between the two networks is lost. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

/** RFC 2544's addresses for tests between networks. */
const here = '198.18.7.1';
const there = '198.18.7.2';
const nobody = '02:00:00:00:00:01';

/**
 * Makes a network namespace in which these ports of 127.0.0.1 lead to the same ports here, over a pair of virtual interfaces.
 * @returns undefined where that is not allowed
 */
export async function openNetwork(ports: readonly number[]): Promise<Network | undefined> {
  const name = `sealpost-${process.pid}`;
  const [outer, inner] = [`sp${process.pid}a`, `sp${process.pid}b`];
  try {
    await ip('netns', 'add', name);
  } catch {
    return undefined;
  }
  await using opened = new AsyncDisposableStack();
  opened.defer(async () => void (await ip('netns', 'delete', name)));
  await ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', inner);
  await ip('link', 'set', inner, 'netns', name);
  await ip('address', 'add', `${here}/30`, 'dev', outer);
  await ip('link', 'set', outer, 'up');
  for (const words of [
    ['address', 'add', `${there}/30`, 'dev', inner],
    ['link', 'set', inner, 'up'],
    ['link', 'set', 'lo', 'up'],
  ]) {
    await ip('-n', name, ...words);
  }
  const prefix = ['ip', 'netns', 'exec', name];
  opened.use(await startRelay([], here, '127.0.0.1', ports));
  opened.use(await startRelay(prefix, '127.0.0.1', here, ports));
  const closing = opened.move();
  return {
    prefix,
    // Packets go to a hardware address that nobody has. A link that is down would end connections with an error.
    async cut() {
      await ip('neighbour', 'replace', there, 'lladdr', nobody, 'nud', 'permanent', 'dev', outer);
      await ip('-n', name, 'neighbour', 'replace', here, 'lladdr', nobody, 'nud', 'permanent', 'dev', inner);
    },
    async mend() {
      await ip('neighbour', 'delete', there, 'dev', outer);
      await ip('-n', name, 'neighbour', 'delete', here, 'dev', inner);
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

async function startRelay(prefix: readonly string[], from: string, to: string, ports: readonly number[]) {
  const file = fileURLToPath(new URL('relay.ts', import.meta.url));
  const [command = '', ...words] = [...prefix, process.execPath, file, from, to, ...ports.map(String)];
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), ended.then(() => Promise.reject(new Error('a relay ended')))]);
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
