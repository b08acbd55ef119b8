import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { AppSettings } from '../providers/all.ts';
import type { Secret } from '../core/secret.ts';
import { errorCode, type LogLevel } from '../telemetry/log.ts';
import { defined } from './kinds/app.ts';
import { ConfigError, describeIssues, type Locate } from './kinds/problems.ts';
import { createSchema, type ParsedConfig } from './schema.ts';
import type { Sources } from './kinds/values.ts';
import { readYaml } from './yaml.ts';

export { ConfigError, type ConfigProblem } from './kinds/problems.ts';

/** `sealpost.yaml`, checked, with defaults filled in, files read and durations in milliseconds. */
export interface Config {
  readonly xmpp: readonly LinkConfig[];
  readonly http: { readonly ops: ListenerConfig; readonly public: PublicListenerConfig };
  readonly store: StoreConfig;
  readonly admin: { readonly token?: Secret };
  readonly limits: LimitsConfig;
  /** How often the files with credentials are looked at. */
  readonly credentials: { readonly checkEveryMs: number };
  readonly log: { readonly level: LogLevel };
  /** At least one; names are unique and fit for metric labels. */
  readonly apps: readonly AppSettings[];
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

/** One component link (XEP-0114). */
export interface LinkConfig {
  readonly service: {
    /** As it stands in the file. */
    readonly url: string;
    /** TLS from the first byte. */
    readonly tls: boolean;
    readonly host: string;
    readonly port: number;
  };
  /** Lower case. */
  readonly domain: string;
  readonly secret: Secret;
  /** PEM of authorities trusted beside the system's. */
  readonly ca?: string;
  /** Connections for this domain, at least 1. */
  readonly connections: number;
  /** Where the config says other than the link's defaults. */
  readonly limits: {
    readonly stanzaBytes?: number;
    readonly depth?: number;
    readonly attributes?: number;
    readonly nodes?: number;
    readonly inFlight?: number;
    readonly unsentBytes?: number;
  };
  /** The same for how long it waits. */
  readonly timing: {
    readonly connectMs?: number;
    readonly headerMs?: number;
    readonly handshakeMs?: number;
    readonly idleMs?: number;
    readonly unconfirmedMs?: number;
    readonly pongMs?: number;
    readonly retryMaxMs?: number;
    readonly refusedMs?: number;
    readonly refusedMaxMs?: number;
  };
}

/** What may come at once after a pause, and what for long. */
export interface ShareConfig {
  readonly burst: number;
  readonly perSecond: number;
}

/** Where the config says other than the defaults of fair shares. */
export interface LimitsConfig {
  readonly publishesPerDomain?: ShareConfig;
  readonly publishesPerAccount?: ShareConfig;
  readonly commandsPerDomain?: ShareConfig;
  readonly commandsPerAccount?: ShareConfig;
  readonly pushesPerRegistration?: ShareConfig;
  readonly pushesPerToken?: ShareConfig;
}

/** Where an HTTP listener listens. */
export interface ListenerConfig {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tls?: ListenerTls;
}

/** PEM texts. */
export interface ListenerTls {
  readonly cert: string;
  readonly key: Secret;
}

export interface PublicListenerConfig extends ListenerConfig {
  /** Proxies whose `X-Forwarded-For` is believed: addresses, networks, or loopback, linklocal, uniquelocal. */
  readonly trustProxy: readonly string[];
}

export type StoreConfig =
  | {
      readonly kind: 'sqlite';
      /** Absolute. */
      readonly path: string;
    }
  | { readonly kind: 'postgres'; readonly url: Secret };

/** Larger than any real one; a wrong path may lead to a device or a log. */
const MAX_FILE_BYTES = 1_048_576;

/**
 * Reads and checks a config file. Paths in it are relative to the folder that it lies in.
 * @throws ConfigError listing everything that is wrong
 */
export function loadConfig(path: string, env: Sources['env'] = process.env): Config {
  let text: string;
  try {
    text = readSmallFile(path).toString('utf8');
  } catch (error) {
    const hint = 'Name the file with --config FILE or SEALPOST_CONFIG.';
    throw new ConfigError(path, [{ path: '', message: `cannot be read (${errorCode(error)})`, hint }]);
  }
  const file = resolve(path);
  const config = parseConfigText(text, { baseDir: dirname(file), readFile: readSmallFile, env }, path);
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
  return toConfig(parsed.data, { holdsSecrets: secretsFrom.has(undefined), secretFiles });
}

/** For everything that the schema itself has no words for. */
function describeMismatch({ code, input }: { readonly code?: string; readonly input?: unknown }): string | undefined {
  if (code !== 'invalid_type') return undefined;
  if (input === undefined) return 'is missing';
  return input === null ? 'is empty: give it a value or remove the line' : 'expected a map of keys and values';
}

function toConfig(parsed: ParsedConfig, origin: ConfigOrigin): Config {
  const { xmpp, http, store, admin, limits, credentials, log, apps } = parsed;
  return {
    xmpp: xmpp.map((link) => ({ ...defined(link), limits: defined(link.limits), timing: toTiming(link.timing) })),
    http: { ops: defined(http.ops), public: defined(http.public) },
    store,
    admin: defined(admin),
    limits: defined(limits),
    credentials: { checkEveryMs: credentials.checkInterval },
    log,
    apps: Object.entries(apps).map(([name, app]) => ({ ...app, name })),
    origin,
  };
}

function toTiming(timing: ParsedConfig['xmpp'][number]['timing']): LinkConfig['timing'] {
  const { connect, header, handshake, idle, unconfirmed, pong, retryMax, refused, refusedMax } = timing;
  return defined({
    connectMs: connect,
    headerMs: header,
    handshakeMs: handshake,
    idleMs: idle,
    unconfirmedMs: unconfirmed,
    pongMs: pong,
    retryMaxMs: retryMax,
    refusedMs: refused,
    refusedMaxMs: refusedMax,
  });
}

function readSmallFile(path: string): Buffer {
  const content = readFileSync(path);
  if (content.length > MAX_FILE_BYTES) throw Object.assign(new Error('too large'), { code: 'EFBIG' });
  return content;
}
