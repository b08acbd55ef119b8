import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorCode } from '../telemetry/error-code.ts';
import { ConfigError, describeIssues, type Locate } from './kinds/problems.ts';
import { type ConfigKeys, createSchema } from './schema.ts';
import type { Sources } from './kinds/values.ts';
import { readYaml } from './yaml.ts';

export { ConfigError, type ConfigProblem } from './kinds/problems.ts';

/** `sealpost.yaml`, checked, with defaults filled in, files read and durations in milliseconds. */
export interface Config extends ConfigKeys {
  readonly origin: ConfigOrigin;
}

/** What the config was read from; the files in it are absolute paths. */
export interface ConfigOrigin {
  /** The config file itself; absent when there is none. */
  readonly file?: string;
  /** Whether a secret stands in the config itself. */
  readonly holdsSecrets: boolean;
  /** Files that secrets came from, each once: keys, certificates with keys, service accounts, texts named by `{ file: … }`. */
  readonly secretFiles: readonly string[];
}

/** Larger than any real one; a wrong path may lead to a log. */
const MAX_FILE_BYTES = 1_048_576;

/**
 * Reads and checks a config file. Paths in it are relative to the folder that it lies in.
 * @throws ConfigError listing everything that is wrong
 */
export function loadConfig(path: string, env: Sources['env'] = process.env): Config {
  return load(path, env, readSmallFile);
}

/**
 * The same while Sealpost runs. Reads regular files only: reading a pipe again would wait for a writer, and nothing else
 * would go on meanwhile.
 * @throws ConfigError listing everything that is wrong
 */
export function loadConfigAgain(path: string, env: Sources['env'] = process.env): Config {
  return load(path, env, readRegularFile);
}

function load(path: string, env: Sources['env'], readFile: (path: string) => Buffer): Config {
  let text: string;
  try {
    text = readFile(path).toString('utf8');
  } catch (error) {
    const hint = 'Name the file with --config FILE or SEALPOST_CONFIG.';
    throw new ConfigError(path, [{ path: '', message: `cannot be read (${errorCode(error)})`, hint }]);
  }
  const file = resolve(path);
  const config = parseConfigText(text, { baseDir: dirname(file), readFile, env }, path);
  return { ...config, origin: { ...config.origin, file } };
}

/**
 * Checks the text of a config file.
 * @param source its name in messages
 * @throws ConfigError listing everything that is wrong, with line and column
 */
export function parseConfigText(text: string, sources: Sources, source = 'sealpost.yaml'): Config {
  const { value, locate } = readYaml(text, source);
  return parseConfig(value, sources, { source, locate });
}

/**
 * Checks a config given as plain data of the file's structure.
 * @throws ConfigError listing everything that is wrong
 */
export function parseConfig(
  value: unknown,
  sources: Sources,
  { source = 'config', locate }: { readonly source?: string; readonly locate?: Locate } = {},
): Config {
  const secretsFrom = new Set<string | undefined>();
  const schema = createSchema(sources, (file) => void secretsFrom.add(file));
  const parsed = schema.safeParse(value, { error: (issue) => describeMismatch(issue), reportInput: true });
  if (!parsed.success) throw new ConfigError(source, describeIssues(parsed.error.issues, locate));
  const secretFiles = [...secretsFrom].filter((file) => file !== undefined);
  return { ...parsed.data, origin: { holdsSecrets: secretsFrom.has(undefined), secretFiles } };
}

/** For everything that the schema itself has no words for. */
function describeMismatch({ code, input }: { readonly code?: string; readonly input?: unknown }): string | undefined {
  if (code !== 'invalid_type') return undefined;
  if (input === undefined) return 'is missing';
  return input === null ? 'is empty: give it a value or remove the line' : 'expected a map of keys and values';
}

function readSmallFile(path: string): Buffer {
  const content = readFileSync(path);
  if (content.length > MAX_FILE_BYTES) throw Object.assign(new Error('too large'), { code: 'EFBIG' });
  return content;
}

function readRegularFile(path: string): Buffer {
  if (!statSync(path).isFile()) throw Object.assign(new Error('not a regular file'), { code: 'NOT_A_REGULAR_FILE' });
  return readSmallFile(path);
}
