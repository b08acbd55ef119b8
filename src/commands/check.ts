import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { realpathSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { styleText } from 'node:util';
import { checkAll } from '../check/check.ts';
import { type Config, ConfigError, loadConfig } from '../config/config.ts';
import type { Finding } from '../core/finding.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Clock, Random } from '../time/clock.ts';
import { type ExitCode, readArguments, UsageError } from './command.ts';

export const checkUsage = `Usage: sealpost check [--offline] [--json] [--config FILE]

  Tries everything that the config names and says of each part whether it works and what to do if not: config, permissions
  of files, node key, store, credentials of the apps, APNs and FCM, clock, ports, component links, DNS.

  No device gets anything: APNs is sent a push for a made-up device, Google is asked for a dry run. A running server is not
  disturbed: its store is only read, and it is asked about its links in place of a second handshake. If the server runs on
  another machine, use --offline there: some XMPP servers give each connection of a domain a part of the stanzas.

  --offline      ask nothing over the network
  --json         one JSON object: status, and findings with part, status, message and hint
  --config FILE  default: the environment variable SEALPOST_CONFIG

Examples:
  sealpost check --config sealpost.yaml
  sealpost check --json | jq -r '.findings[] | select(.status != "pass") | .message'

Exit codes: 0 nothing failed, 1 something failed, 2 a wrong call.
`;

export interface CheckCall {
  /** The arguments after `check`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * `sealpost check`. Writes each finding as soon as it is known.
 * @throws UsageError
 */
export async function check({ args, env, output, clock, random }: CheckCall): Promise<ExitCode> {
  const { values } = readArguments({
    args: [...args],
    options: { config: { type: 'string' }, offline: { type: 'boolean' }, json: { type: 'boolean' } },
  });
  const file = values.config ?? env['SEALPOST_CONFIG'];
  if (file === undefined) throw new UsageError('a config is missing: --config FILE or SEALPOST_CONFIG');
  const findings: Finding[] = [];
  const isText = values.json !== true;
  for await (const finding of findingsOf(file, { env, clock, random, offline: values.offline ?? false })) {
    findings.push(finding);
    if (isText) output.write(describe(finding, output.isTTY === true));
  }
  const count = (status: Finding['status']) => findings.filter((one) => one.status === status).length;
  const status = count('fail') > 0 ? 'fail' : count('warn') > 0 ? 'warn' : 'pass';
  if (isText) output.write(`${count('pass')} pass, ${count('warn')} warn, ${count('fail')} fail\n`);
  else output.write(`${JSON.stringify({ status, findings }, undefined, 2)}\n`);
  return status === 'fail' ? 1 : 0;
}

async function* findingsOf(
  file: string,
  { env, ...parts }: Pick<CheckCall, 'env' | 'clock' | 'random'> & { readonly offline: boolean },
): AsyncGenerator<Finding> {
  let config: Config;
  try {
    config = loadConfig(file, env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    yield* describeProblems(file, error);
    return;
  }
  const { xmpp, apps } = config;
  yield { part: 'config', status: 'pass', message: `${file}: ${counted(xmpp, 'link')}, ${counted(apps, 'app')}` };
  yield* checkAll({
    ...parts,
    config,
    files: { realpath: (path) => realpathSync(path), stat: (path) => statSync(path) },
    uid: process.getuid?.(),
    lookup: (name) => lookup(name),
    tryListening,
    log: createLog('silent'),
    metrics: createMetrics('check'),
  });
}

const counted = (list: readonly unknown[], what: string) => `${list.length} ${what}${list.length === 1 ? '' : 's'}`;

function describeProblems(file: string, { problems }: ConfigError): Finding[] {
  return problems.map(({ path, line, column, message, hint }) => {
    const where = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
    const what = path === '' ? message : `${path}: ${message}`;
    return { part: 'config', status: 'fail', message: `${where}: ${what}`, ...(hint !== undefined && { hint }) };
  });
}

async function tryListening({ host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  const server = createServer();
  server.listen({ host, port, exclusive: true });
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}

const styles = { pass: 'green', warn: 'yellow', fail: 'red' } as const;

function describe({ part, status, message, hint }: Finding, isColoured: boolean): string {
  const word = isColoured ? styleText(styles[status], status, { validateStream: false }) : status;
  return `${word}  ${part}: ${message}\n${hint === undefined ? '' : `      → ${hint}\n`}`;
}
