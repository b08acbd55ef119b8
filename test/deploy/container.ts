/** Runs an image as `docker run` would: its user, its mounts and nothing else, on a network of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { stopProcess } from '../support/process.ts';
import { commandOf, type Image, run } from './debian-root.ts';
import { last } from './dockerfile.ts';
import type { DockerRun, Mount } from './docker-run.ts';

/** A network with nothing but a loopback interface. */
export interface Network {
  /** For `nsenter --net=`. */
  readonly path: string;
  stop(): Promise<void>;
}

export async function createNetwork(): Promise<Network> {
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo up && exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
  if (holder.exitCode !== null) throw new Error('no network could be made');
  return { path: `/proc/${holder.pid}/ns/net`, stop: () => stopProcess(holder) };
}

export interface ContainerOptions {
  readonly image: Image;
  readonly run: DockerRun;
  /** The folder in which `docker run` is called. Volumes with a name are folders in it, too. */
  readonly folder: string;
  readonly network: Network;
  /** A line that it writes when it is ready. */
  readonly ready: RegExp;
}

export interface Container {
  /** Id of its first process, as the host sees it. */
  readonly pid: number;
  /** What it wrote so far. */
  readonly lines: readonly string[];
  /** As `docker exec`. @throws Error if the command fails */
  exec(command: readonly string[]): Promise<string>;
  /** As `docker stop`; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Drops what `--cap-drop ALL --security-opt no-new-privileges` drops, and becomes the user of the image. */
function asUser(image: Image, { droppedCapabilities, securityOptions }: DockerRun): string[] {
  const [user, group = user] = last(image.stage, 'USER')[0]?.split(':') ?? [];
  return [
    ...['/usr/bin/setpriv', `--reuid=${user}`, `--regid=${group}`, '--clear-groups'],
    ...(droppedCapabilities.includes('ALL') ? ['--bounding-set=-all', '--inh-caps=-all'] : []),
    ...(securityOptions.includes('no-new-privileges') ? ['--no-new-privs'] : []),
  ];
}

const environmentOf = ({ env }: Image, { environment }: DockerRun) =>
  Object.entries({ ...env, ...environment }).map(([name, value]) => `${name}=${value}`);

export async function startContainer(options: ContainerOptions): Promise<Container> {
  const { image, run: how, folder, network, ready } = options;
  const script = [
    'set -e',
    ...(image.isOverlay === true ? overlay : ['mount --bind "$ROOT" "$ROOT"']),
    ...how.mounts.flatMap((mount) => mountInside(folder, mount)),
    ...how.tmpfs.map((path) => `mount -t tmpfs tmpfs "$ROOT${path}"`),
    'mount -t proc proc "$ROOT/proc"',
    'mount --rbind /dev "$ROOT/dev"',
    ...(how.isReadOnly ? ['mount -o remount,bind,ro "$ROOT"'] : []),
    'exec chroot "$ROOT" "$@"',
  ].join('\n');
  const inside = [
    ...['/usr/bin/env', '-i', ...environmentOf(image, how)],
    ...asUser(image, how),
    ...['/bin/sh', '-c', `cd ${image.workdir} && exec "$@"`, 'sh', ...commandOf(image, how.command)],
  ];
  const unshare = ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script, 'sh', ...inside];
  const child = spawn('nsenter', [`--net=${network.path}`, ...unshare], {
    env: { PATH: process.env['PATH'], ROOT: image.root },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  const pid = await firstProcess(child, lines, ready).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return {
    pid,
    lines,
    exec: (command) =>
      run('nsenter', [
        ...['--target', String(pid), '--mount', '--net', '--pid', '--root', '--wd'],
        ...['/usr/bin/env', '-i', ...environmentOf(image, how), ...asUser(image, how), ...command],
      ]),
    async stop() {
      const [signal = 'SIGTERM'] = last(image.stage, 'STOPSIGNAL');
      if (child.exitCode === null) process.kill(pid, signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      const code = await ended;
      clearTimeout(timer);
      return code;
    },
  };
}

/** The whole system of this machine, with what is written kept apart. */
const overlay = [
  'mount -t tmpfs tmpfs "$ROOT"',
  'mkdir "$ROOT/written" "$ROOT/work" "$ROOT/merged"',
  'mount -t overlay overlay -o "lowerdir=/,upperdir=$ROOT/written,workdir=$ROOT/work" "$ROOT/merged"',
  'ROOT="$ROOT/merged"',
];

/** Docker fills a new volume with what the image has there, owner and mode included, and makes the place of a mount. */
function mountInside(folder: string, { source, target, isReadOnly }: Mount): string[] {
  const from = resolve(folder, source);
  const isVolume = !source.includes('/');
  return [
    ...(isVolume ? [`[ -e "${from}" ] || cp --archive "$ROOT${target}" "${from}"`] : []),
    `if [ -d "${from}" ]; then mkdir -p "$ROOT${target}"; else touch "$ROOT${target}"; fi`,
    `mount --bind "${from}" "$ROOT${target}"`,
    ...(isReadOnly ? [`mount -o remount,bind,ro "$ROOT${target}"`] : []),
  ];
}

/** The child that `unshare --fork` becomes the parent of, once it says that it is ready. */
async function firstProcess(child: ChildProcess, lines: readonly string[], ready: RegExp): Promise<number> {
  const deadline = Date.now() + 60_000;
  while (!lines.some((line) => ready.test(line))) {
    if (child.exitCode !== null) throw new Error(`the container ended with ${child.exitCode}:\n${lines.join('\n')}`);
    if (Date.now() > deadline) throw new Error(`the container is not ready:\n${lines.join('\n')}`);
    await new Promise((resume) => setTimeout(resume, 50));
  }
  const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
  return Number(children.trim().split(' ')[0]);
}
