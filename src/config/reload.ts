import type { Log } from '../telemetry/log.ts';
import { compareConfigs, type ConfigChanges } from './changes.ts';
import { type Config, ConfigError } from './config.ts';

export interface ReloadOptions {
  /** The config in use. */
  readonly config: Config;
  /** Reads the config again. @throws ConfigError */
  readonly read: () => Config;
  /** Applies what can be applied. May throw; then it must have changed nothing. */
  readonly apply: (changes: ConfigChanges, next: Config) => void;
  readonly log: Log;
}

/**
 * Reads the config again and applies what can be applied while Sealpost runs; the log says what changed and what needs a
 * restart. Never throws: on any error everything stays as it was.
 * @returns the config that is in use now
 */
export function reloadConfig({ config, read, apply, log }: ReloadOptions): Config {
  const file = config.origin.file === undefined ? {} : { file: config.origin.file };
  let next: Config;
  try {
    next = read();
  } catch (error) {
    report(error, file, log);
    return config;
  }
  const changes = compareConfigs(config, next);
  const { added, changed, removed, limits, level, needRestart } = changes;
  try {
    apply(changes, next);
  } catch (error) {
    report(error, file, log);
    return config;
  }
  for (const { name } of added) log.info({ app: name }, 'an app was added');
  for (const { name } of changed) log.info({ app: name }, 'the settings of an app were changed');
  for (const name of removed) {
    const hint = 'its registrations and queued pushes are kept, in case that it comes back';
    log.info({ app: name, hint }, 'an app was removed');
  }
  if (limits) log.info({}, 'the limits were changed');
  if (level) log.info({ reason: next.log.level }, 'the level of the log was changed');
  for (const key of needRestart) {
    log.warn({ key, hint: 'Restart Sealpost. Until then what it started with holds.' }, 'a change needs a restart');
  }
  const isChanged = added.length + changed.length + removed.length + needRestart.length > 0 || limits || level;
  log.info(file, isChanged ? 'the config was read again' : 'the config was read again: nothing has changed');
  // What needs a restart is said again at the next reload, until there is one.
  return { ...config, apps: next.apps, limits: next.limits, log: { ...config.log, level: next.log.level } };
}

/** The problems of a config quote none of its values. */
function report(error: unknown, file: { readonly file?: string }, log: Log): void {
  const problems = error instanceof ConfigError ? error.problems : [];
  const message = 'the config cannot be used: everything stays as it was';
  for (const { path, line, message: what, hint } of problems) {
    const where = line === undefined ? '' : `line ${line}: `;
    const reason = `${where}${path === '' ? '' : `${path}: `}${what}`;
    log.error({ ...file, reason, ...(hint !== undefined && { hint }) }, message);
  }
  if (problems.length > 0) return;
  log.error({ ...file, reason: error instanceof Error ? error.message : 'unknown' }, message);
}
