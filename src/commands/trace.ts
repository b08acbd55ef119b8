/** `sealpost trace`: follows the devices of an account, or one device, through a running server. */
import { z } from 'zod';
import {
  adminOptions,
  adminOptionsHelp,
  type AdminClient,
  type AdminRequest,
  openAdminClient,
  searchWithinMs,
} from './admin-client.ts';
import { type CommandCall, readArguments, UsageError } from './command.ts';
import { describeStep, stepSchema } from './trace-text.ts';

export const traceUsage = `Usage: sealpost trace ACCOUNT|FINGERPRINT [--for 10m] [OPTIONS]

  Follows an account, or the device of a fingerprint, live: each publish that comes in, whether it is authorized, which push
  it becomes, what the provider answers, what its server is answered. No content, no tokens. At most 50 steps a second.

  --for TIME     how long: 30s, 10m, 1h at most; default 10m. Ctrl-C ends it before
  --json         one JSON object a line
${adminOptionsHelp}

Examples:
  sealpost trace romeo@example.net
  sealpost trace 3b2c5f0a9d41 --for 1h --json

Exit codes: 0 done, 1 the server cannot be asked or ended, 2 a wrong call.
`;

export interface TraceCall extends Pick<CommandCall, 'args' | 'env'> {
  readonly output: { write(text: string): unknown };
  /** Ends it. */
  readonly signal: AbortSignal;
}

const beginSchema = z.object({ devices: z.array(z.string()), forSeconds: z.number() });
const endSchema = z.looseObject({ reason: z.string().optional() });
const skippedSchema = z.object({ steps: z.number() });

/**
 * `sealpost trace`.
 * @returns exit code 0: the time is over, or it was ended; 1: the server ended
 * @throws ConfigError, UsageError, AdminError
 */
export async function trace({ args, env, output, signal }: TraceCall): Promise<0 | 1> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: { ...adminOptions, for: { type: 'string', default: '10m' } },
  });
  const [subject, ...more] = positionals;
  if (subject === undefined) throw new UsageError('trace needs ACCOUNT or FINGERPRINT');
  if (more.length > 0) throw new UsageError(`unexpected "${more.join(' ')}"`);
  const seconds = readSeconds(values.for);
  const client = openAdminClient(values, env, signal);
  const named = subject.includes('@') ? { account: subject } : { fingerprint: subject };
  const request = { path: '/trace', query: { ...named, seconds: String(seconds) } };
  let reason: string | undefined = 'no-end';
  for await (const { name, data, text } of events(client, request)) {
    if (name === 'end') reason = endSchema.parse(data).reason;
    if (values.json) {
      if (name === 'step') output.write(`${text}\n`);
    } else {
      output.write(describeEvent(name, data, subject));
    }
  }
  if (signal.aborted || reason === 'time-over') return 0;
  if (!values.json) output.write('The server ended.\n');
  return 1;
}

/** The events of an answer. */
export async function* events(
  client: AdminClient,
  request: AdminRequest,
): AsyncGenerator<{ readonly name: string; readonly data: unknown; readonly text: string }> {
  let name = '';
  for await (const line of client.lines({ withinMs: searchWithinMs, ...request })) {
    if (line.startsWith('event: ')) name = line.slice('event: '.length);
    if (!line.startsWith('data: ')) continue;
    const text = line.slice('data: '.length);
    yield { name, data: JSON.parse(text), text };
  }
}

/** A line for an event that both commands with events have; empty for others. */
export function describeEvent(name: string, data: unknown, subject: string): string {
  if (name === 'step') return `${describeStep(stepSchema.parse(data))}\n`;
  if (name === 'skipped') return `… ${skippedSchema.parse(data).steps} steps were left out …\n`;
  if (name !== 'begin') return '';
  const { devices, forSeconds } = beginSchema.parse(data);
  const known = `${devices.length} ${devices.length === 1 ? 'device' : 'devices'}`;
  return `Following ${subject} (${known}) for ${forSeconds} s, times in UTC. Ctrl-C ends it.\n`;
}

/** @throws UsageError */
function readSeconds(text: string): number {
  const [, count, unit] = /^(\d{1,5})(s|m|h)$/.exec(text) ?? [];
  const seconds = Number(count) * (unit === 'h' ? 3_600 : unit === 'm' ? 60 : 1);
  if (unit === undefined || seconds < 1 || seconds > 3_600) {
    throw new UsageError('--for takes a time from 1s to 1h, such as 30s, 10m or 1h');
  }
  return seconds;
}
