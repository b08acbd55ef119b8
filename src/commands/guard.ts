/** `sealpost guard`: calls the admin API on the ops listener of a running server. */
import { z } from 'zod';
import type { GuardReport } from '../ops/admin/guard-routes.ts';
import { adminOptions, openAdminClient } from './admin-client.ts';
import { describeUnknown, readArguments, UsageError } from './command.ts';

export const guardUsage = `Usage: sealpost guard status|release [--accept-removals] [--config FILE] [--url URL]

  status    show what the mass-loss guard sees and whether it holds answers back
  release   end the holds once the fault is corrected, and watch as after a start; if it persists, answers are held again

  --accept-removals  release, and accept what was held: XMPP servers drop those registrations for good, devices that
                     the provider calls dead are removed. Only if they really are gone.
  --config FILE      default: the environment variable SEALPOST_CONFIG
  --url URL          of the ops listener; default: http.ops of the config

Examples:
  sealpost guard status
  sealpost guard release    # after the topic in the config was corrected

Exit codes: 0 done, 1 the server cannot be asked, 2 a wrong call.
`;

export interface GuardCall {
  /** The arguments after `guard`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: { write(text: string): unknown };
  /** Ends it. */
  readonly signal: AbortSignal;
}

const answer = z.object({
  state: z.enum(['watching', 'holding']),
  holds: z.array(
    z.object({
      cause: z.string(),
      app: z.string(),
      domain: z.string().optional(),
      since: z.string(),
      seen: z.number(),
      bad: z.number(),
      held: z.number(),
      what: z.string(),
      hint: z.string(),
    }),
  ),
  count: z.number(),
  released: z.number().optional(),
});

/**
 * Shows the state of the guard or releases its holds.
 * @returns exit code 0: done, or nothing is held; 1: the guard holds
 * @throws ConfigError, UsageError, AdminError
 */
export async function guard({ args, env, output, signal }: GuardCall): Promise<0 | 1> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      config: adminOptions.config,
      url: adminOptions.url,
      'accept-removals': { type: 'boolean', default: false },
    },
  });
  const [action, ...more] = positionals;
  const acceptsRemovals = values['accept-removals'];
  if (action === undefined) throw new UsageError('an action is missing: status or release');
  if (action !== 'status' && action !== 'release') {
    throw new UsageError(describeUnknown('action', action, ['status', 'release']));
  }
  if (more.length > 0) throw new UsageError(`unexpected "${more.join(' ')}"`);
  if (acceptsRemovals && action !== 'release') throw new UsageError('--accept-removals needs release');
  const isRelease = action === 'release';
  const answered = await openAdminClient(values, env, signal).ask(answer, {
    path: isRelease ? '/guard/release' : '/guard',
    ...(isRelease && { method: 'POST', body: { acceptRemovals: acceptsRemovals } }),
  });
  const { released, ...report } = answered;
  if (released !== undefined) output.write(describeRelease(released, acceptsRemovals));
  output.write(describeReport(report));
  return action === 'status' && report.state === 'holding' ? 1 : 0;
}

function describeRelease(released: number, acceptsRemovals: boolean): string {
  const what = acceptsRemovals
    ? 'Removals are accepted until the flood is over.'
    : 'The guard watches as after a start.';
  return `Released ${released} ${released === 1 ? 'hold' : 'holds'}. ${what}\n`;
}

function describeReport({ state, holds, count }: z.output<typeof answer> | GuardReport): string {
  if (state === 'watching') return 'Watching: nothing is held back.\n';
  const lines = holds.map(
    ({ since, held, what, hint }) =>
      `HOLDING since ${since}: ${what}.\n` +
      `  Since then ${held} answers were held back: servers keep their registrations, nothing is removed here.\n` +
      `  What to do: ${hint}\n`,
  );
  return (
    lines.join('') +
    (count > holds.length ? `  ${count - holds.length} more holds are not listed.\n` : '') +
    '  If those registrations really are gone, let servers drop them: sealpost guard release --accept-removals\n'
  );
}
