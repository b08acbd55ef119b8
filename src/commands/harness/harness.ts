/** `sealpost harness`: runs the harness from the command line. */
import { runCommand } from './run.ts';
import { serveCommand } from './serve.ts';
import { providersCommand } from './providers.ts';
import { openCommand, sealCommand } from './sealing.ts';
import { vectorsCommand } from './vectors.ts';
import type { CommandIo } from './io.ts';
import { describeUnknown, type ExitCode, UsageError } from '../command.ts';

const harnessUsage = `Usage: sealpost harness COMMAND [OPTIONS]

  run        play all scenarios with this very server, on this machine
               --only WORD      only those whose id, paragraph, phone or convention begins with it; may be repeated
               --list           list the scenarios instead of playing them
  serve      play the XMPP server and both providers for a push app server that connects as a component (XEP-0114)
               --listen [HOST:]PORT  --domain DOMAIN  --secret SECRET (or the environment variable HARNESS_SECRET)
               --settings FILE  write what the app server needs: endpoints, keys, authorities, as JSON
               --convention WORD  tigase (default), p2, v1 or raw-token; may be repeated
               --apns-id ID  --fcm-id ID  provider ids or push modules that its clients register with
               --within SECONDS time for it to connect; default 300
               --patience SECONDS  time for what was answered with result to arrive; default 30
               --strict         also play what only Sealpost's own design demands
               --only WORD      as above
  both take  --json             the report as JSON on standard output
             --junit FILE       the report as JUnit XML
             --html FILE        the report as one page
  seal       seal JSON as a server does: --key BASE64 [--max-size N] [--voip] [JSON], else from standard input
  open       open as a phone does, a stanza, the JSON of a push, or what providers writes, each push as it comes:
               --key BASE64 [--ignore-tag] [TEXT], else from standard input
  vectors    --check FILE…      compare test vectors with the reference
             --write FOLDER     write the vectors of the reference
  providers  run only stand-ins for APNs and FCM, until interrupted; each push is a line of JSON on standard output
               --keys FOLDER    keep keys, authority and settings.json there, made where they are missing
               --settings FILE  write what an app server needs there instead
               --apns-port N  --fcm-port N  default: free ones

Examples:
  sealpost harness run --only call
  sealpost harness serve --listen 127.0.0.1:5347 --domain push.test --secret s3cret --settings settings.json

Exit codes: 0 done, and all that was played is as it should be; 1 not so, or it failed; 2 a wrong call.
`;

const commands: Readonly<Record<string, (args: readonly string[], io: CommandIo) => Promise<ExitCode>>> = {
  run: runCommand,
  serve: serveCommand,
  seal: sealCommand,
  open: openCommand,
  vectors: vectorsCommand,
  providers: providersCommand,
};

/** Runs the command that the arguments name. Errors go to `errors`. */
export async function runHarnessCommand(args: readonly string[], io: CommandIo): Promise<ExitCode> {
  const [name = '', ...rest] = args;
  const { output, errors } = io;
  if (name === '--help' || name === '-h' || rest.includes('--help')) {
    output.write(harnessUsage);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  try {
    if (name === '') throw new UsageError('a command is missing');
    if (!command) throw new UsageError(describeUnknown('command', name, Object.keys(commands)));
    return await command(rest, io);
  } catch (error) {
    const text = error instanceof Error ? error.message : 'it failed';
    errors.write(`sealpost harness: ${text}\n`);
    if (!(error instanceof UsageError)) return 1;
    errors.write(`\n${harnessUsage}`);
    return 2;
  }
}
