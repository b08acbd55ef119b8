#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { systemClock } from './time/clock.ts';
import { type Config, ConfigError, loadConfig, parseConfig } from './config/config.ts';
import { runDemonstration } from './harness/demo/demonstration.ts';
import { startServer } from './server.ts';
import { createLog, errorCode, type LogLevel } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';

const usage = `Usage: sealpost [COMMAND] [--config FILE]

  serve   run the push app server; the default where a config is named
  demo    run harness, provider stand-ins and server on this machine; the default without a config
  import  take registrations over from another push app server: sealpost import --help
  guard   ask and release the mass-loss guard of a running server: sealpost guard --help
  harness try this and other push app servers, seal and open by hand: sealpost harness --help

  --config FILE   sealpost.yaml; default: the environment variable SEALPOST_CONFIG
`;

/** Exit codes: 0 after a drain, 1 when something could not be started or was wrong, 2 for a wrong call. */
type ExitCode = 0 | 1 | 2;

const io = { env: process.env, output: process.stdout, errors: process.stderr };

type Command = (call: { readonly configFile: string | undefined }) => Promise<ExitCode>;

const commands: Readonly<Record<string, Command>> = {
  serve: ({ configFile }) => serve(configFile),
  demo: () => demonstrate(),
};

/** Those that read their arguments themselves. */
const tools: Readonly<Record<string, (args: readonly string[]) => Promise<ExitCode>>> = {
  guard: async (args) => (await import('./commands/guard.ts')).runGuardCommand({ args, ...io }),
  import: async (args) => (await import('./commands/import.ts')).importCommand({ args, clock: systemClock, ...io }),
  harness: async (args) => (await import('./commands/harness/harness.ts')).runHarnessCommand(args, harnessIo()),
};

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

// A provider that hangs would keep the process alive after the drain.
process.exit(await main(process.argv.slice(2)));

async function main(args: string[]): Promise<ExitCode> {
  try {
    const [first = '', ...rest] = args;
    const tool = Object.hasOwn(tools, first) ? tools[first] : undefined;
    if (tool) return await tool(rest);
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    const configFile = values.config ?? process.env['SEALPOST_CONFIG'];
    const name = positionals[0] ?? (configFile === undefined ? 'demo' : 'serve');
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (values.help || !command || positionals.length > 1) {
      (values.help ? process.stdout : process.stderr).write(usage);
      return values.help ? 0 : 2;
    }
    return await command({ configFile });
  } catch (error) {
    if (isUsageError(error)) process.stderr.write(`${error.message}\n\n${usage}`);
    else if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
    else process.stderr.write(`sealpost: ${error instanceof Error ? error.message : errorCode(error)}\n`);
    return isUsageError(error) ? 2 : 1;
  }
}

async function serve(configFile: string | undefined): Promise<ExitCode> {
  if (configFile === undefined) {
    process.stderr.write(`serve needs a config: --config FILE or SEALPOST_CONFIG\n\n${usage}`);
    return 2;
  }
  const { server } = await start(loadConfig(configFile), undefined);
  process.on('SIGHUP', () => void server.checkCredentials());
  await interrupted();
  await server.drain();
  return 0;
}

async function demonstrate(): Promise<ExitCode> {
  const abort = new AbortController();
  void interrupted().then(() => abort.abort());
  const matched = await runDemonstration({
    output: process.stdout,
    clock: systemClock,
    signal: abort.signal,
    startServer: (config) => startFrom(config, 'error'),
  });
  return matched ? 0 : 1;
}

function harnessIo() {
  const abort = new AbortController();
  void interrupted().then(() => abort.abort());
  return {
    ...io,
    clock: systemClock,
    randomBytes,
    readInput: () => text(process.stdin),
    // What goes wrong there goes wrong on purpose.
    startServer: (config: object) => startFrom(config, 'silent'),
    signal: abort.signal,
  };
}

/** A server made of a parsed `sealpost.yaml`, once its links are up. */
async function startFrom(config: object, level: LogLevel) {
  const parsed = parseConfig(config, { baseDir: process.cwd(), readFile: readFileSync, env: process.env });
  const { server } = await start(parsed, level);
  await server.whenOnline();
  return { opsUrl: server.opsUrl, publicUrl: server.publicUrl, stop: () => server.drain() };
}

async function start(config: Config, level: LogLevel | undefined) {
  const log = createLog(level ?? config.log.level);
  const metrics = createMetrics(version);
  const server = await startServer({ config, version, clock: systemClock, random: Math.random, log, metrics });
  return { server };
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
async function interrupted(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}

function isUsageError(error: unknown): error is Error {
  return error instanceof Error && String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');
}
