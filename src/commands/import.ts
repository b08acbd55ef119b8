import { loadConfig } from '../config/config.ts';
import { type ImportOptions, type Origin, origins, runImport } from '../import/run.ts';
import { ImportError } from '../import/source.ts';
import { readArguments, UsageError } from './command.ts';

export const importUsage = `Usage: sealpost import --from ${origins.join('|')} FILE [--config FILE] [--app NAME] [--dry-run]

  --from p2                  dump of p2's database: mariadb-dump p2 target > FILE
  --from mod_push_appserver  Prosody's datastore: the folder push_appserver of the component's host, or a file in it
  --from csv                 a file with a header: node, token, account, device, second_token, secret, convention
  --app NAME                 the app that everything in FILE belongs to
  --dry-run                  only show what would happen

Examples:
  sealpost import --from p2 p2.sql --config sealpost.yaml --dry-run
  sealpost import --from csv devices.csv --app siskin --config sealpost.yaml

Exit codes: 0 all was taken over, 1 something was not, and is listed, 2 a wrong call.
`;

export interface ImportCommandOptions extends Pick<ImportOptions, 'clock' | 'output'> {
  /** The arguments after `import`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly errors: ImportOptions['errorOutput'];
}

/**
 * `sealpost import`.
 * @returns exit code 0: done; 1: some rows could not be imported; 2: wrong arguments
 * @throws UsageError, ConfigError, StoreError, or the system's error for the file
 */
export async function importRegistrations({ args, env, errors, ...io }: ImportCommandOptions): Promise<0 | 1 | 2> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      from: { type: 'string' },
      app: { type: 'string' },
      config: { type: 'string' },
      'dry-run': { type: 'boolean' },
    },
  });
  const [path, ...more] = positionals;
  const configFile = values.config ?? env['SEALPOST_CONFIG'];
  if (!isOrigin(values.from)) throw new UsageError(`--from takes one of ${origins.join(', ')}`);
  if (path === undefined) throw new UsageError('the file to import is missing');
  if (more.length > 0) throw new UsageError(`unexpected "${more.join(' ')}": one file at a time`);
  if (configFile === undefined) throw new UsageError('a config is missing: --config FILE or SEALPOST_CONFIG');
  const options = { ...io, errorOutput: errors, from: values.from, path, dryRun: values['dry-run'] ?? false };
  const config = loadConfig(configFile, env);
  try {
    const { refused } = await runImport({ ...options, config, ...(values.app !== undefined && { app: values.app }) });
    return refused.size > 0 ? 1 : 0;
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    errors.write(`sealpost import: ${error.message}\n`);
    return 1;
  }
}

function isOrigin(text: string | undefined): text is Origin {
  return origins.some((origin) => origin === text);
}
