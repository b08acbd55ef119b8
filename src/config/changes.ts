/** What differs between the config in use and one that was read again. */
import { isDeepStrictEqual } from 'node:util';
import { conventions } from '../conventions/all.ts';
import type { Secret } from '../core/secret.ts';
import type { AppSettings } from '../providers/all.ts';
import type { Config } from './config.ts';

/** Differences that can be applied while Sealpost runs, and those that need a restart. */
export interface ConfigChanges {
  readonly added: readonly AppSettings[];
  readonly changed: readonly AppSettings[];
  /** Names of apps. */
  readonly removed: readonly string[];
  readonly limits: boolean;
  readonly level: boolean;
  /** Keys of the config, such as `http` or `apps.NAME`. */
  readonly needRestart: readonly string[];
}

/** Keys whose changes need no restart, and what is no key. */
const live: ReadonlySet<string> = new Set(['apps', 'limits', 'log', 'origin']);

/** Compares two configs. New content of credential files is no difference, since providers watch their files themselves. */
export function compareConfigs(before: Config, after: Config): ConfigChanges {
  const earlier = new Map(before.apps.map((app) => [app.name, app]));
  const later = new Map(after.apps.map((app) => [app.name, app]));
  const added = after.apps.filter(({ name }) => !earlier.has(name));
  const changed = after.apps.filter((app) => earlier.has(app.name) && !isSame(app, earlier.get(app.name)));
  const removed = before.apps.map(({ name }) => name).filter((name) => !later.has(name));
  const keys = Object.keys(after).filter((key) => !live.has(key)) as (keyof Config)[];
  const touched = [
    ...[...added, ...changed],
    ...before.apps.filter(({ name }) => removed.includes(name) || changed.some((app) => app.name === name)),
  ];
  return {
    ...{ added, changed, removed },
    limits: !isSame(before.limits, after.limits),
    level: before.log.level !== after.log.level,
    needRestart: [
      ...keys.filter((key) => !isSame(before[key], after[key])),
      ...(before.log.format === after.log.format ? [] : ['log.format']),
      // The routes of the public listener are made at the start.
      ...new Set(touched.filter(isServedOverHttp).map(({ name }) => `apps.${name} (its HTTP API)`)),
    ],
  };
}

const overHttp = conventions.filter(({ hasHttpRoutes }) => hasHttpRoutes).map(({ name }) => name);
const isServedOverHttp = (app: AppSettings) => app.conventions.some((name) => overHttp.includes(name));

function isSame(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(comparable(a), comparable(b));
}

/** Content of a file that stands beside its path. */
const contents: ReadonlySet<string> = new Set(['key', 'file', 'projectId']);

/** The value with its secrets in clear, since wrapped ones never equal each other. It must not leave this file. */
function comparable(value: unknown): unknown {
  if (isSecret(value)) return value.reveal();
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  const isWatched = 'path' in value || 'serviceAccountFile' in value;
  const entries = Object.entries(value).filter(([key]) => !(isWatched && contents.has(key)));
  return Object.fromEntries(entries.map(([key, one]) => [key, comparable(one)]));
}

function isSecret(value: unknown): value is Secret {
  return typeof (value as Secret | null)?.reveal === 'function';
}
