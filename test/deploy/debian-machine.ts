/** A bare Debian 13 with Node, on which the commands of a page are given as a new user would. Needs root, for chroot. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addNode, keptRoot, mirror, run } from './debian-root.ts';
import { root as repository } from './page.ts';

const cache = join(repository, 'node_modules/.cache/debian-trixie');

/** The home of the user, who has a checkout in `~/sealpost`. */
const home = '/home/node';

/** What debootstrap installs, kept for the next run. */
function bareDebian(): Promise<string> {
  return keptRoot(cache, async (made) => {
    await run('/usr/sbin/debootstrap', ['--variant=minbase', '--include=ca-certificates', 'trixie', made, mirror]);
  });
}

export interface Commands {
  /** Given as root, with the network of this machine: what installs packages. */
  readonly install: string;
  /** Given by the user in one shell, with a loopback interface of its own and no other network. */
  readonly blocks: readonly string[];
}

/**
 * Gives the commands to a machine that is removed afterwards.
 * @returns what each block wrote
 * @throws Error with all output if a command fails
 */
export async function giveCommands({ install, blocks }: Commands): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sealpost-machine-'));
  try {
    const root = join(folder, 'root');
    await run('cp', ['--archive', '--reflink=auto', await bareDebian(), root]);
    await addNode(root);
    await writeFile(join(root, 'usr/local/bin/sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
    const modules = await realpath(join(repository, 'node_modules'));
    for (const path of [join(home, 'sealpost'), modules]) await mkdir(join(root, path), { recursive: true });
    await run('chown', ['1000:1000', join(root, home)]);
    const end = 'end-of-block';
    await writeFile(join(root, 'install'), install);
    await writeFile(join(root, 'blocks'), blocks.map((block) => `${block}\necho ${end}\n`).join(''));
    const script = [
      'set -e',
      `mount --bind -o ro "${repository}" "$ROOT${home}/sealpost"`,
      `mount --bind -o ro "${modules}" "$ROOT${modules}"`,
      'mount -t proc proc "$ROOT/proc"',
      'mount --rbind /dev "$ROOT/dev"',
      `inside="/usr/bin/env -i HOME=${home} PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin LC_ALL=C.UTF-8"`,
      'chroot "$ROOT" $inside $NETWORK DEBIAN_FRONTEND=noninteractive bash -e /install > "$ROOT/install.log" 2>&1 ||' +
        ' { cat "$ROOT/install.log" >&2; exit 1; }',
      'exec unshare --net sh -c "ip link set lo up && exec chroot --userspec=1000:1000 $ROOT $inside bash -e /blocks" 2>&1',
    ].join('\n');
    const proxies = ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) =>
      process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`],
    );
    const output = await run('unshare', ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script], {
      env: { PATH: process.env['PATH'], ROOT: root, NETWORK: proxies.join(' ') },
    });
    return output.split(`${end}\n`).slice(0, blocks.length);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
