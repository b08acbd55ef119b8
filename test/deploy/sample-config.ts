/** The configs in deploy/, read by the schema of the server. */
import { type Config, parseConfigText } from '../../src/config/config.ts';
import { p8, serviceAccount } from '../config/files.ts';

/** What the keys of each sample are called. */
const providerKeys = {
  '/etc/sealpost/certs/AuthKey_ABC1234567.p8': p8,
  '/etc/sealpost/certs/service-account.json': JSON.stringify(serviceAccount),
};

export interface SampleConfig {
  readonly config: Config;
  /** Absolute paths of all files that it reads, each once, sorted. */
  readonly opened: readonly string[];
}

/**
 * Reads a config as /etc/sealpost/sealpost.yaml.
 * @param files what it may read beside the keys of the providers, by absolute path
 * @throws ConfigError for mistakes, and for a file that is not among these
 */
export function readConfig(
  text: string,
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): SampleConfig {
  const all: Readonly<Record<string, string>> = { ...providerKeys, ...files };
  const opened = new Set<string>();
  const config = parseConfigText(text, {
    baseDir: '/etc/sealpost',
    env,
    readFile(path) {
      const content = all[path];
      if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      opened.add(path);
      return Buffer.from(content);
    },
  });
  return { config, opened: [...opened].toSorted() };
}

/** The mount that a path lies in. */
export function mountOf<M extends { readonly target: string }>(path: string, mounts: readonly M[]): M | undefined {
  return mounts.find(({ target }) => path === target || path.startsWith(`${target}/`));
}
