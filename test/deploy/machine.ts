/** A machine to install on: the system of this one, with all that is written kept apart and gone afterwards. Needs root. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { stopProcess } from '../support/process.ts';
import type { Network } from './container.ts';
import { run } from './debian-root.ts';
import { root as repository } from './page.ts';

export interface Machine {
  /** The words before a command that runs there, as root, in the folder that the machine was given. */
  readonly enter: (network?: Network) => readonly string[];
  /** Runs a script with bash; its output. @throws Error if a command of it fails */
  type(script: string, network?: Network): Promise<string>;
  stop(): Promise<void>;
}

/** @param folder what the machine has of this one beside the system and the installed modules; it may write to it */
export async function createMachine(folder: string): Promise<Machine> {
  const layers = `${folder}.layers`;
  mkdirSync(layers);
  const shared = [folder, realpathSync(join(repository, 'node_modules'))];
  const script = [
    'set -e',
    'mount -t tmpfs tmpfs "$LAYERS"',
    'mkdir "$LAYERS/written" "$LAYERS/work" "$LAYERS/root"',
    'mount -t overlay overlay -o "lowerdir=/,upperdir=$LAYERS/written,workdir=$LAYERS/work" "$LAYERS/root"',
    ...shared.map((path) => `mkdir -p "$LAYERS/root${path}" && mount --bind "${path}" "$LAYERS/root${path}"`),
    'mount -t proc proc "$LAYERS/root/proc"',
    'mount --rbind /dev "$LAYERS/root/dev"',
    'echo ready',
    'exec sleep 600',
  ].join('\n');
  const holder = spawn('unshare', ['--mount', 'sh', '-c', script], {
    env: { ...process.env, LAYERS: layers },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
  if (holder.exitCode !== null) throw new Error('no machine could be made');
  const enter = (network?: Network) => [
    ...['nsenter', `--mount=/proc/${holder.pid}/ns/mnt`, ...(network ? [`--net=${network.path}`] : [])],
    ...['chroot', join(layers, 'root')],
  ];
  return {
    enter,
    type(commands, network) {
      const [program = '', ...args] = enter(network);
      return run(program, [...args, 'bash', '-e', '-c', `cd "$FOLDER"\n${commands}`], {
        env: { ...process.env, FOLDER: folder },
      });
    },
    stop: () => stopProcess(holder),
  };
}
