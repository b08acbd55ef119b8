/** `sealpost stats`: what a running server did since its start, in a table. */
import { z } from 'zod';
import { adminOptions, adminOptionsHelp, AdminError, openAdminClient } from './admin-client.ts';
import { readArguments, UsageError } from './command.ts';
import { events, type TraceCall } from './trace.ts';

export const statsUsage = `Usage: sealpost stats [--watch] [OPTIONS]

  Whether a running server is well, and by app since its start: pushes by result, mean time to the provider and back,
  registrations, queued pushes; then its links and its latest failures. Several processes: each counts for itself.

  --watch        again every two seconds, until it is interrupted
  --json         one JSON object a line, as the console gets it
${adminOptionsHelp}

Examples:
  sealpost stats
  sealpost stats --json | jq '.apps[] | {app, queued}'

Exit codes: 0 done, 1 the server cannot be asked, 2 a wrong call.
`;

const overviewSchema = z.object({
  sentence: z.string(),
  apps: z.array(
    z.object({
      app: z.string(),
      results: z.record(z.string(), z.number()),
      timed: z.number(),
      seconds: z.number(),
      registrations: z.number(),
      queued: z.number(),
    }),
  ),
  links: z.array(z.object({ link: z.string(), up: z.number(), lost: z.record(z.string(), z.number()) })),
  failures: z.array(
    z.object({
      what: z.string(),
      count: z.number(),
      at: z.string(),
      hint: z.string().optional(),
      app: z.string().optional(),
    }),
  ),
});

type Seen = z.output<typeof overviewSchema>;

/** Failures shown; the console has all of them. */
const failuresShown = 5;

/**
 * `sealpost stats`.
 * @returns exit code 0
 * @throws ConfigError, UsageError, AdminError
 */
export async function stats({ args, env, output, signal }: TraceCall): Promise<0> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: { ...adminOptions, watch: { type: 'boolean', default: false } },
  });
  if (positionals.length > 0) throw new UsageError(`unexpected "${positionals.join(' ')}"`);
  const client = openAdminClient(values, env, signal);
  for await (const { name, data, text } of events(client, { path: '/console/live' })) {
    if (name !== 'overview') continue;
    const parsed = overviewSchema.safeParse(data);
    if (!parsed.success) throw new AdminError('The server answered in a way that this version does not know.');
    output.write(values.json ? `${text}\n` : describeStats(parsed.data));
    if (!values.watch) return 0;
    if (!values.json) output.write('\n');
  }
  if (values.watch && signal.aborted) return 0;
  throw new AdminError('The server ended.');
}

/** The table. Pure. */
export function describeStats({ sentence, apps, links, failures }: Seen): string {
  const rows = apps.map(({ app, results, timed, seconds, registrations, queued }) => {
    const { accepted = 0, ...others } = results;
    const rest = Object.entries(others).filter(([, count]) => count > 0);
    return [
      app,
      String(registrations),
      String(accepted),
      rest.map(([result, count]) => `${count} ${result}`).join(', ') || 'none',
      timed === 0 ? '-' : `${Math.round((seconds / timed) * 1_000)} ms`,
      String(queued),
    ];
  });
  const table = align([['app', 'registered', 'accepted', 'other results', 'mean time', 'queued'], ...rows]);
  const linkLines = links.map(({ link, up, lost }) => {
    const losses = Object.entries(lost).map(([reason, count]) => `${count} ${reason}`);
    return `link ${link}: ${up} up, ${losses.length === 0 ? 'never lost' : `lost: ${losses.join(', ')}`}`;
  });
  const failed = failures.slice(0, failuresShown).map(({ at, app, what, count, hint }) => {
    const advice = hint === undefined ? '' : ` (${hint})`;
    return `${at}  ${app === undefined ? '' : `${app}: `}${what}, ${count === 1 ? 'once' : `${count} times`}${advice}`;
  });
  return [sentence, '', ...table, '', ...linkLines, ...(failed.length === 0 ? [] : ['', ...failed]), ''].join('\n');
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
