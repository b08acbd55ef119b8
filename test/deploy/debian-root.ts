/** Folders that serve as root file systems: a bare Debian, and what a Dockerfile makes of it. Needs root, for chroot. */
import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { missingPackage } from '../support/debian.ts';
import { allowedBy, type Instruction, last, parseDockerfile, type Stage } from './dockerfile.ts';
import { root as repository } from './page.ts';

export const mirror = 'http://deb.debian.org/debian';
const cache = join(repository, 'node_modules/.cache/debian-bookworm');

/**
 * Why tests that need such folders are skipped; false: they run.
 * @param installs whether the test installs packages, for which the mirror must answer in any case
 */
export async function withoutDebian({ installs = false } = {}): Promise<false | string> {
  const missing = missingPackage('debootstrap', '/usr/sbin/debootstrap');
  if (missing !== false) return missing;
  if (process.getuid?.() !== 0) return 'needs root, for chroot';
  if (existsSync(cache) && !installs) return false;
  const answer = await fetch(`${mirror}/dists/bookworm/InRelease`, { signal: AbortSignal.timeout(10_000) }).catch(
    () => undefined,
  );
  return answer?.ok === true ? false : `the Debian mirror ${mirror} does not answer`;
}

/** Runs a command to its end. @throws Error with its output if it fails */
export async function run(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<string> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  if (!child.stdout || !child.stderr) throw new Error(`${command} has no output`);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${out}${err}`);
  return out;
}

/** What debootstrap unpacks, kept for the next run: the packages of a bare system, of which none has been configured. */
function bareDebian(): Promise<string> {
  return keptRoot(cache, async (made) => {
    await run('/usr/sbin/debootstrap', ['--foreign', '--variant=minbase', 'bookworm', made, mirror]);
    // In a container debootstrap makes links of these, which lead to themselves after chroot.
    for (const name of ['proc', 'sys', 'dev']) {
      await rm(join(made, name), { recursive: true, force: true });
      await mkdir(join(made, name));
    }
  });
}

/** A root folder that is made once and kept. @param fill puts everything into an empty folder */
export async function keptRoot(folder: string, fill: (made: string) => Promise<void>): Promise<string> {
  if (existsSync(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  const made = await mkdtemp(`${folder}-`);
  try {
    await fill(made);
    await chmod(made, 0o755);
    await rename(made, folder);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    throw error;
  }
  return folder;
}

/** What the base images have beside Debian: Node with npm below /usr/local, and the user 1000. */
export async function addNode(folder: string): Promise<void> {
  const local = join(folder, 'usr/local');
  await cp(process.execPath, join(local, 'bin/node'));
  const npm = dirname(dirname((await run('sh', ['-c', 'readlink -f "$(command -v npm)"'])).trim()));
  await cp(npm, join(local, 'lib/node_modules/npm'), { recursive: true, verbatimSymlinks: true });
  for (const name of ['npm', 'npx'])
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, 'bin', name));
  for (const name of ['passwd', 'group']) {
    const of =
      name === 'passwd' ? [':0:0:root:/root:/bin/bash', ':1000:1000::/home/node:/bin/bash'] : [':0:', ':1000:'];
    await appendFile(join(folder, 'etc', name), `root:x${of[0]}\nnode:x${of[1]}\n`);
  }
  for (const name of ['resolv.conf', 'hosts'])
    await cp(join('/etc', name), join(folder, 'etc', name), { dereference: true });
}

/** An image: a root file system and what its Dockerfile says about running it. */
export interface Image {
  readonly root: string;
  /** Whether the root is an empty folder over which the system of this machine is laid. */
  readonly isOverlay?: boolean;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stage: Stage;
}

/** Builds the repository's Dockerfile, line by line. The caller removes `folder`. */
export async function buildImage(): Promise<{ readonly folder: string; readonly image: Image }> {
  const folder = await mkdtemp(join(tmpdir(), 'sealpost-image-'));
  try {
    const base = join(folder, 'base');
    await run('cp', ['--archive', '--reflink=auto', await bareDebian(), base]);
    await addNode(base);
    const stages = parseDockerfile(await readFile(join(repository, 'Dockerfile'), 'utf8'));
    const context = allowedBy(await readFile(join(repository, '.dockerignore'), 'utf8'));
    const built = new Map<string, string>();
    let image: Image | undefined;
    for (const [i, stage] of stages.entries()) {
      const root = join(folder, `stage-${i}`);
      await run('cp', ['--archive', '--reflink=auto', base, root]);
      image = await buildStage({ stage, root, built, context });
      built.set(stage.name ?? String(i), root);
    }
    if (!image) throw new Error('the Dockerfile has no stage');
    return { folder, image };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

interface StageOptions {
  readonly stage: Stage;
  readonly root: string;
  /** Earlier stages, by name. */
  readonly built: ReadonlyMap<string, string>;
  /** What may be copied from the repository. */
  readonly context: readonly string[];
}

async function buildStage({ stage, root, built, context }: StageOptions): Promise<Image> {
  let workdir = '/';
  const env: Record<string, string> = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
  for (const { name, flags, args, text: written } of stage.instructions) {
    switch (name) {
      case 'WORKDIR':
        workdir = resolve(workdir, args[0] ?? '');
        await mkdir(join(root, workdir), { recursive: true });
        break;
      case 'ENV':
        for (const pair of args) env[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1);
        break;
      case 'COPY':
        await copy({ from: flags.get('from'), args, workdir });
        break;
      case 'RUN':
        await runInside({ root, workdir, env, flags }, written);
        break;
    }
  }
  return { root, workdir, env, stage };

  async function copy({
    from,
    args,
    workdir: at,
  }: {
    from: string | undefined;
    args: readonly string[];
    workdir: string;
  }) {
    const sources = args.slice(0, -1);
    const target = join(root, resolve(at, args.at(-1) ?? ''));
    const source = from === undefined ? repository : built.get(from);
    if (source === undefined) throw new Error(`COPY --from=${from}: no such stage`);
    for (const path of sources) {
      if (from === undefined && !context.includes(path)) throw new Error(`COPY ${path}: .dockerignore keeps it out`);
      const isInto = sources.length > 1 || (args.at(-1) ?? '').endsWith('/');
      const to = isInto ? join(target, path) : target;
      await cp(join(source, isAbsolute(path) ? `.${path}` : path), to, { recursive: true, verbatimSymlinks: true });
    }
  }
}

type Inside = Pick<Image, 'root' | 'workdir' | 'env'> & Pick<Instruction, 'flags'>;

/**
 * RUN: a shell in the root, as root. What has a cache mount gets npm's own cache of this machine, and the authority that this
 * machine trusts beside the usual ones, if its way to the registry needs one.
 */
async function runInside({ root, workdir, env, flags }: Inside, command: string): Promise<void> {
  const [, target] = /^type=cache,target=(\S+)$/.exec(flags.get('mount') ?? '') ?? [];
  const authority = process.env['NODE_EXTRA_CA_CERTS'];
  const mounts: [from: string, at: string][] = [];
  if (target !== undefined) {
    const npmCache = (await run('npm', ['config', 'get', 'cache'])).trim();
    await Promise.all([npmCache, join(root, target)].map((path) => mkdir(path, { recursive: true })));
    mounts.push([npmCache, target]);
  }
  if (target !== undefined && authority !== undefined) {
    await writeFile(join(root, 'tmp/authority.pem'), '');
    mounts.push([authority, '/tmp/authority.pem']);
  }
  const script = [
    'set -e',
    ...mounts.map(([from, at]) => `mount --bind "${from}" "$ROOT${at}"`),
    'mount -t proc proc "$ROOT/proc"',
    'mount --rbind /dev "$ROOT/dev"',
    'exec chroot "$ROOT" /usr/bin/env -i HOME=/root "$@" /bin/sh -c "cd $WORKDIR && $COMMAND"',
  ].join('\n');
  const given = {
    ...networkOf(process.env),
    ...(mounts.length > 1 && { NODE_EXTRA_CA_CERTS: '/tmp/authority.pem' }),
    ...env,
  };
  const passed = Object.entries(given).map(([name, value]) => `${name}=${value}`);
  await run('unshare', ['--mount', 'sh', '-c', script, 'sh', ...passed], {
    env: { ...process.env, ROOT: root, WORKDIR: workdir, COMMAND: command },
  });
}

/** How this machine reaches the registry, as Docker passes it on. */
function networkOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const names = [
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'npm_config_registry',
  ];
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** What the image starts with. */
export function commandOf({ stage }: Image, given: readonly string[] = []): string[] {
  return [...last(stage, 'ENTRYPOINT'), ...(given.length > 0 ? given : last(stage, 'CMD'))];
}
