/** The arguments of `docker run`, so far as our pages go. What it does not know is an error. */

/** What a container gets of the machine, and what runs in it. */
export interface DockerRun {
  readonly isReadOnly: boolean;
  readonly tmpfs: readonly string[];
  readonly droppedCapabilities: readonly string[];
  readonly securityOptions: readonly string[];
  readonly mounts: readonly Mount[];
  readonly ports: readonly { readonly address: string; readonly outside: number; readonly inside: number }[];
  readonly environment: Readonly<Record<string, string>>;
  readonly image: string;
  /** In place of the image's; empty: the image's. */
  readonly command: readonly string[];
}

export interface Mount {
  /** A path, or the name of a volume. */
  readonly source: string;
  readonly target: string;
  readonly isReadOnly: boolean;
}

const withoutValue = ['--detach', '--read-only'];
const withValue = ['--name', '--restart', '--tmpfs', '--cap-drop', '--security-opt', '--add-host', '-v', '-p'];

/** @param args what follows `docker run` */
export function parseDockerRun(args: readonly string[]): DockerRun {
  const flags = new Set<string>();
  const values = new Map<string, string[]>(withValue.map((name) => [name, []]));
  let at = 0;
  for (; args[at]?.startsWith('-'); at += 1) {
    const name = args[at] ?? '';
    if (withoutValue.includes(name)) flags.add(name);
    else if (values.has(name)) values.get(name)?.push(args[(at += 1)] ?? '');
    else throw new Error(`docker run: unknown option ${name}`);
  }
  const [image = '', ...command] = args.slice(at);
  const all = (name: string) => values.get(name) ?? [];
  return {
    isReadOnly: flags.has('--read-only'),
    tmpfs: all('--tmpfs'),
    droppedCapabilities: all('--cap-drop'),
    securityOptions: all('--security-opt'),
    mounts: all('-v').map((text) => {
      const [source = '', target = '', mode] = text.split(':');
      return { source, target, isReadOnly: mode === 'ro' };
    }),
    ports: all('-p').map((text) => {
      const [address = '', outside, inside] = text.split(':');
      return { address, outside: Number(outside), inside: Number(inside) };
    }),
    environment: {},
    image,
    command,
  };
}
