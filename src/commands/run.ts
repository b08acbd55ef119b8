/** The command line: the first word names the command, the rest are its arguments. */
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { ConfigError } from '../config/config.ts';
import { errorCode } from '../telemetry/error-code.ts';
import { systemClock } from '../time/clock.ts';
import { type CommandCall, describeUnknown, type ExitCode, UsageError } from './command.ts';
import type { Signals } from './signals.ts';
import { version } from './version.ts';

const usage = `Usage: sealpost [COMMAND] [OPTIONS]

  serve      run the push app server; the default where a config is named
  demo       run harness, provider stand-ins and server on this machine; the default without a config
  check      try everything that the config names, and say what to do
  devices    what a running server knows of a device; remove one, erase an account
  trace      follow a device through a running server, live
  send-test  send a push to a device through a running server and its provider
  stats      what a running server did since its start
  guard      ask and release the mass-loss guard of a running server
  import     import registrations from another push app server
  store      copy a store to another file, or between SQLite and PostgreSQL
  harness    try this and other push app servers, seal and open by hand
  completion print a script by which the shell completes commands and options

  --config FILE   sealpost.yaml; default: the environment variable SEALPOST_CONFIG
  --version       print the version
  --help          this page; sealpost COMMAND --help: the command's own

Exit codes: 0 done, 1 something is wrong, 2 a wrong call.
`;

/** Options that may replace the command's name. */
const general = ['--config', '--version', '--help', '-V', '-h'];

interface Command {
  /** Help text; the harness handles its own. */
  readonly usage?: string;
  run(call: CommandCall): Promise<ExitCode>;
}

const output = process.stdout;
const errors = process.stderr;

/** What a command is given of the process; it takes what it needs. */
interface Means extends Pick<CommandCall, 'args' | 'env'> {
  readonly output: typeof output;
  readonly errors: typeof errors;
  readonly clock: typeof systemClock;
  readonly random: () => number;
  /** Aborted when the process is asked to end. */
  readonly signal: AbortSignal;
}

/**
 * @param page the help page
 * @param onSignals `release`: each signal ends the process at once. `endByHangup`: `signal` tells of the first, SIGHUP included.
 */
function commandOf(
  page: string,
  onSignals: 'release' | 'endByHangup',
  run: (means: Means) => Promise<ExitCode>,
): Command {
  return {
    usage: page,
    run({ args, env, signals }) {
      signals[onSignals]();
      return run({ args, env, output, errors, clock: systemClock, random: Math.random, signal: signals.terminated });
    },
  };
}

/** Each is loaded when it is named: a server has no use for the code of the others. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  async serve() {
    const { serve, serveUsage } = await import('./serve.ts');
    return { usage: serveUsage, run: serve };
  },
  async demo() {
    const { demo, demoUsage } = await import('./demo.ts');
    return { usage: demoUsage, run: demo };
  },
  async check() {
    const { check, checkUsage } = await import('./check.ts');
    return commandOf(checkUsage, 'release', check);
  },
  async guard() {
    const { guard, guardUsage } = await import('./guard.ts');
    return commandOf(guardUsage, 'endByHangup', guard);
  },
  async devices() {
    const { devices, devicesUsage } = await import('./devices.ts');
    return commandOf(devicesUsage, 'endByHangup', devices);
  },
  async import() {
    const { importRegistrations, importUsage } = await import('./import.ts');
    return commandOf(importUsage, 'release', importRegistrations);
  },
  async 'send-test'() {
    const { sendTest, sendTestUsage } = await import('./send-test.ts');
    return commandOf(sendTestUsage, 'endByHangup', sendTest);
  },
  async trace() {
    const { trace, traceUsage } = await import('./trace.ts');
    return commandOf(traceUsage, 'endByHangup', trace);
  },
  async stats() {
    const { stats, statsUsage } = await import('./stats.ts');
    return commandOf(statsUsage, 'endByHangup', stats);
  },
  async completion() {
    const { completion, completionUsage } = await import('./completion.ts');
    return commandOf(completionUsage, 'release', async ({ args }) => {
      const usages: Record<string, string> = {};
      for (const [name, command] of Object.entries(commands)) usages[name] = (await command()).usage ?? '';
      return completion({ args, output, usages });
    });
  },
  async store() {
    const { store, storeUsage } = await import('./store.ts');
    return commandOf(storeUsage, 'release', store);
  },
  async harness() {
    const { runHarnessCommand } = await import('./harness/harness.ts');
    const { startFrom } = await import('./start.ts');
    return {
      run({ args, env, signals }) {
        signals.endByHangup();
        return runHarnessCommand(args, {
          env,
          output,
          errors,
          clock: systemClock,
          randomBytes,
          readLines: () => createInterface({ input: process.stdin, crlfDelay: Infinity }),
          // The scenarios cause errors on purpose, so they are not logged.
          startServer: (config: object) => startFrom(config, 'silent'),
          signal: signals.terminated,
        });
      },
    };
  },
};

/** Runs the command that the arguments name. Errors go to standard error. */
export async function runCommand(given: readonly string[], signals: Signals): Promise<ExitCode> {
  const args = commandFirst(given);
  const env = process.env;
  const isNamed = args[0] !== undefined && !args[0].startsWith('-');
  const isConfigured = env['SEALPOST_CONFIG'] !== undefined || args.some((arg) => /^--config(=|$)/.test(arg));
  const name = isNamed ? (args[0] ?? '') : isConfigured ? 'serve' : 'demo';
  const rest = isNamed ? args.slice(1) : args;
  const isHelp = rest.includes('--help') || rest.includes('-h');
  if (!isNamed && (args.includes('--version') || args.includes('-V'))) {
    output.write(`sealpost ${version}\n`);
    return 0;
  }
  if (!isNamed && isHelp) {
    output.write(usage);
    return 0;
  }
  const command = await load(name);
  if (command === 'broken') return 1;
  if (isHelp && command?.usage !== undefined) {
    output.write(command.usage);
    return 0;
  }
  try {
    const [option] = isNamed ? [] : args;
    if (option !== undefined && !general.includes(option.replace(/=.*/s, ''))) {
      throw new UsageError(describeUnknown('option', option.replace(/=.*/s, ''), general));
    }
    if (!command) throw new UsageError(describeUnknown('command', name, Object.keys(commands)));
    return await command.run({ args: rest, env, signals });
  } catch (error) {
    if (error instanceof ConfigError) errors.write(`${error.message}\n`);
    else errors.write(`sealpost: ${error instanceof Error ? error.message : errorCode(error)}\n`);
    if (!(error instanceof UsageError)) return 1;
    errors.write(`\n${(isNamed ? command?.usage : undefined) ?? usage}`);
    return 2;
  }
}

/** Nothing secret was read yet, so that Node may say itself which file of a broken installation is missing. */
async function load(name: string): Promise<Command | 'broken' | undefined> {
  try {
    return Object.hasOwn(commands, name) ? await commands[name]?.() : undefined;
  } catch (error) {
    errors.write(`sealpost: cannot load "${name}": ${error instanceof Error ? error.message : errorCode(error)}\n`);
    return 'broken';
  }
}

/** Moves the command in `--config FILE COMMAND` to the front. */
function commandFirst(args: readonly string[]): readonly string[] {
  const [first = ''] = args;
  const taken = first === '--config' ? 2 : first.startsWith('--config=') ? 1 : 0;
  const command = args[taken];
  if (taken === 0 || command === undefined || command.startsWith('-')) return args;
  return [command, ...args.slice(0, taken), ...args.slice(taken + 1)];
}
