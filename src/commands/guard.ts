/** The command line's side of the admin API: asks a running server over its ops listener. */
import { z } from 'zod';
import { type Config, loadConfig } from '../config/config.ts';
import type { GuardReport } from '../ops/admin.ts';
import { errorCode } from '../telemetry/log.ts';
import { describeUnknown, readArguments, UsageError } from './command.ts';

export const guardUsage = `Usage: sealpost guard status|release [--accept-removals] [--config FILE] [--url URL]

  status    what the mass-loss guard sees, and whether it holds answers back
  release   the fault is put right: watch as after a start; a fault that is still there costs nothing, it is held again

  --accept-removals  release, and accept what was held: XMPP servers drop those registrations for good, devices that
                     the provider calls dead are removed. Only if they really are gone.
  --config FILE      default: the environment variable SEALPOST_CONFIG
  --url URL          of the ops listener; default: http.ops of the config
`;

export interface GuardCall {
  /** What stands behind `guard` on the command line. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: { write(text: string): unknown };
  readonly errors: { write(text: string): unknown };
}

/** Longer than a healthy server needs for an answer that is in its memory, milliseconds. */
const answerWithinMs = 10_000;

const answer = z.object({
  state: z.enum(['watching', 'holding']),
  holds: z.array(
    z.object({
      cause: z.string(),
      app: z.string().optional(),
      since: z.string(),
      seen: z.number(),
      bad: z.number(),
      held: z.number(),
      what: z.string(),
      hint: z.string(),
    }),
  ),
  caution: z.string().optional(),
  released: z.number().optional(),
});

const refusal = z.object({ error: z.string(), hint: z.string().optional() });

/**
 * @returns the exit code: 0 done, or watching; 1 it holds, or cannot be asked; 2 a wrong call
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
  const believe = values['accept-removals'];
  if (action === undefined) throw new UsageError('an action is missing: status or release');
  if (action !== 'status' && action !== 'release') {
    throw new UsageError(describeUnknown('action', action, ['status', 'release']));
  }
  if (values.config === '') throw new UsageError('a config is missing: --config FILE or SEALPOST_CONFIG');
  if (more.length > 0) throw new UsageError(`unexpected "${more.join(' ')}"`);
  if (believe && action !== 'release') throw new UsageError('--accept-removals goes with release');
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
      ...(isRelease && { body: JSON.stringify({ believe }) }),
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
  if (released !== undefined) output.write(describeRelease(released, believe));
  output.write(describeReport(report));
  return action === 'status' && report.state === 'holding' ? 1 : 0;
}

function describeRelease(released: number, believe: boolean): string {
  const what = believe ? 'What was held is accepted until the flood is over.' : 'The watch starts anew.';
  return `Released ${released} ${released === 1 ? 'hold' : 'holds'}. ${what}\n`;
}

function describeReport({ state, holds, caution }: z.output<typeof answer> | GuardReport): string {
  if (state === 'watching')
    return caution === undefined ? 'Watching: nothing is held back.\n' : `Watching: no hold.\nNote: ${caution}.\n`;
  const lines = holds.map(
    ({ since, held, what, hint }) =>
      `HOLDING since ${since}: ${what}.\n` +
      `  Since then ${held} answers were held back: servers keep their registrations, nothing is removed here.\n` +
      `  What to do: ${hint}\n`,
  );
  return (
    lines.join('') +
    '  If those registrations really are gone, let servers drop them: sealpost guard release --accept-removals\n'
  );
}

function originOf({ host, port, tls }: Config['http']['ops']): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${tls ? 'https' : 'http'}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
