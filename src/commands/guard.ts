/** `sealpost guard`: calls the admin API on the ops listener of a running server. */
import { z } from 'zod';
import { type Config, loadConfig } from '../config/config.ts';
import type { GuardReport } from '../ops/admin/guard-routes.ts';
import { errorCode } from '../telemetry/log.ts';
import { describeUnknown, readArguments, UsageError } from './command.ts';

export const guardUsage = `Usage: sealpost guard status|release [--accept-removals] [--config FILE] [--url URL]

  status    show what the mass-loss guard sees and whether it holds answers back
  release   end the holds once the fault is corrected, and watch as after a start; if it persists, answers are held again

  --accept-removals  release, and accept what was held: XMPP servers drop those registrations for good, devices that
                     the provider calls dead are removed. Only if they really are gone.
  --config FILE      default: the environment variable SEALPOST_CONFIG
  --url URL          of the ops listener; default: http.ops of the config
`;

export interface GuardCall {
  /** The arguments after `guard`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: { write(text: string): unknown };
  readonly errors: { write(text: string): unknown };
}

/** Milliseconds; a healthy server answers from memory, far faster. */
const answerWithinMs = 10_000;

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

const refusal = z.object({ error: z.string(), hint: z.string().optional() });

/**
 * Shows the state of the guard or releases its holds.
 * @returns exit code 0: done, or nothing is held; 1: the guard holds, or the server cannot be asked; 2: wrong arguments
 * @throws ConfigError, UsageError
 */
export async function guard({ args, env, output, errors }: GuardCall): Promise<0 | 1 | 2> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      config: { type: 'string', default: env['SEALPOST_CONFIG'] ?? '' },
      url: { type: 'string' },
      'accept-removals': { type: 'boolean', default: false },
    },
  });
  const [action, ...more] = positionals;
  const acceptsRemovals = values['accept-removals'];
  if (action === undefined) throw new UsageError('an action is missing: status or release');
  if (action !== 'status' && action !== 'release') {
    throw new UsageError(describeUnknown('action', action, ['status', 'release']));
  }
  if (values.config === '') throw new UsageError('a config is missing: --config FILE or SEALPOST_CONFIG');
  if (more.length > 0) throw new UsageError(`unexpected "${more.join(' ')}"`);
  if (acceptsRemovals && action !== 'release') throw new UsageError('--accept-removals needs release');
  const config = loadConfig(values.config);
  const { token } = config.admin;
  if (!token) {
    errors.write('The admin API is off. Set admin.token in the config and restart the server.\n');
    return 1;
  }
  const origin = values.url ?? originOf(config.http.ops);
  let response: Response;
  let body: unknown;
  try {
    const isRelease = action === 'release';
    response = await fetch(new URL(isRelease ? '/guard/release' : '/guard', origin), {
      method: isRelease ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${token.reveal()}`, ...(isRelease && { 'content-type': 'application/json' }) },
      ...(isRelease && { body: JSON.stringify({ acceptRemovals: acceptsRemovals }) }),
      redirect: 'error',
      signal: AbortSignal.timeout(answerWithinMs),
    });
    body = await response.json();
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    errors.write(
      `No answer from ${origin} (${errorCode(cause)}). Does the server run? Name its ops listener with --url.\n`,
    );
    return 1;
  }
  const parsed = answer.safeParse(body);
  if (!response.ok || !parsed.success) {
    const { error = 'not the admin API', hint } = refusal.safeParse(body).data ?? {};
    errors.write(`${origin} answered ${response.status}: ${error}${hint === undefined ? '' : `; ${hint}`}\n`);
    return 1;
  }
  const { released, ...report } = parsed.data;
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

function originOf({ host, port, tls }: Config['http']['ops']): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${tls ? 'https' : 'http'}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
