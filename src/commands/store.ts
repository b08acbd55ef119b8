/** `sealpost store`: moves a store to another engine or file. */
import { existsSync, readFileSync } from 'node:fs';
import { loadConfig } from '../config/config.ts';
import { createValueKinds, literalValues } from '../config/kinds/values.ts';
import { storeLocation } from '../config/store-location.ts';
import { copyStore } from '../store/copy.ts';
import type { Database } from '../store/engine/database.ts';
import { openDatabase, type StoreLocation } from '../store/open.ts';
import { earlierOutboxOf } from '../store/outbox/adopt-file.ts';
import { postgresSection } from '../store/postgres/settings.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import { readArguments, UsageError } from './command.ts';

export const storeUsage = `Usage: sealpost store copy --to STORE [--from STORE] [--config FILE]

  Copies registrations and queued pushes from one store to another one, and looks whether all is there. Stop Sealpost
  before, and let the config name the new store afterwards; the node key stays the same. A copy that was interrupted is
  begun again: what is there already stays.

  --to STORE      sqlite:PATH, postgres://USER:PASSWORD@HOST/DATABASE, or @FILE: a file that holds one of these
  --from STORE    the same; default: the store of the config
  --config FILE   default: the environment variable SEALPOST_CONFIG

Examples:
  sealpost store copy --to @/run/secrets/postgres-url --config sealpost.yaml
  sealpost store copy --from @/run/secrets/postgres-url --to sqlite:sealpost.db --config sealpost.yaml

Exit codes: 0 all was copied, 1 something was not, 2 a wrong call.
`;

export interface StoreCall {
  /** The arguments after `store`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: { write(text: string): unknown };
  /** Standard error: progress, on a terminal. */
  readonly errors: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly clock: Clock;
}

/**
 * `sealpost store`.
 * @returns exit code 0: everything is in the target; 1: some registrations are otherwise there
 * @throws ConfigError, UsageError, StoreError
 */
export async function store({ args, env, output, errors, clock }: StoreCall): Promise<0 | 1> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      config: { type: 'string', default: env['SEALPOST_CONFIG'] ?? '' },
      from: { type: 'string' },
      to: { type: 'string' },
    },
  });
  if (positionals.join(' ') !== 'copy') throw new UsageError('store has one command: copy');
  if (values.to === undefined) throw new UsageError('the target is missing: --to STORE');
  if (values.from === undefined && values.config === '') throw new UsageError('the source is missing: --from STORE');
  const open = (text: string | undefined): Promise<Database> => openNamed(text, values.config, clock);
  refuseUnready(nameOf(values.from, values.config));
  const from = await open(values.from);
  try {
    const to = await open(values.to);
    try {
      const report = await copyStore({
        from,
        to,
        onProgress: (rows) => void (errors.isTTY === true && errors.write(`\r\x1b[K${rows.toLocaleString('en')} rows`)),
      });
      if (errors.isTTY === true) errors.write('\r\x1b[K');
      output.write(`registrations: ${report.registrations}\nqueued pushes: ${report.queuedPushes}\n`);
      if (report.different === 0) return 0;
      output.write(`not copied, since the target has them otherwise, or not at all: ${report.different}\n`);
      return 1;
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

/** @throws UsageError for a source that does not exist, or is not whole */
function refuseUnready(source: StoreLocation): void {
  if (source.kind !== 'sqlite') return;
  if (!existsSync(source.path)) throw new UsageError(`there is no store ${source.path}`);
  const earlier = earlierOutboxOf(source.path);
  if (!existsSync(earlier)) return;
  throw new UsageError(
    `${earlier} holds queued pushes of an earlier version: start this version once, which takes them over`,
  );
}

function nameOf(named: string | undefined, configFile: string): StoreLocation {
  return named === undefined && configFile !== '' ? loadConfig(configFile).store : readLocation(named ?? '');
}

/** Opens a store by its name on the command line, or that of the config. */
function openNamed(named: string | undefined, configFile: string, clock: Clock): Promise<Database> {
  const config = configFile === '' ? undefined : loadConfig(configFile);
  const location = nameOf(named, configFile);
  const postgres = config?.postgres ?? postgresSection(literalValues).parse({});
  const parts = { clock, random: Math.random, log: createLog('silent'), metrics: createMetrics('store') };
  return openDatabase({ store: location, postgres, ...parts });
}

/** @throws UsageError */
function readLocation(named: string) {
  const sources = { baseDir: process.cwd(), readFile: readFileSync, env: {} };
  const schema = storeLocation(
    createValueKinds(sources, () => undefined),
    sources,
  );
  const parsed = schema.safeParse(named.startsWith('@') ? { file: named.slice(1) } : named);
  if (parsed.success) return parsed.data;
  throw new UsageError(parsed.error.issues.map(({ message }) => message).join('; '));
}
