/** `sealpost send-test`: a push without content to one device, through its provider. */
import { z } from 'zod';
import { adminOptions, adminOptionsHelp, openAdminClient } from './admin-client.ts';
import { readArguments, UsageError } from './command.ts';
import { describeEvent, events, type TraceCall } from './trace.ts';

export const sendTestUsage = `Usage: sealpost send-test FINGERPRINT [--voip | --background] [OPTIONS]

  Sends one push to a device through a running server and its real provider, and shows its way. The push is an alert with the
  app's wording and no content, unless an option says otherwise. What the provider says counts as for any push: when it
  calls the token dead, the registration is removed. Nothing is queued.

  --voip         a call, to the second token, with content that nobody can open: the phone shows an unknown caller for a moment
  --background   a wake-up that shows nothing
  --json         one JSON object a line
${adminOptionsHelp}

Example:
  sealpost devices show romeo@example.net    # says the fingerprints
  sealpost send-test 3b2c5f0a9d41

Exit codes: 0 the provider accepted it, 1 it did not, or the server cannot be asked, 2 a wrong call.
`;

const endSchema = z.object({
  outcome: z.string().optional(),
  what: z.string().optional(),
  hint: z.string().optional(),
});

/**
 * `sealpost send-test`.
 * @returns exit code 0: the provider accepted the push; 1: it did not
 * @throws ConfigError, UsageError, AdminError
 */
export async function sendTest({ args, env, output, signal }: TraceCall): Promise<0 | 1> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      ...adminOptions,
      voip: { type: 'boolean', default: false },
      background: { type: 'boolean', default: false },
    },
  });
  const [print, ...more] = positionals;
  if (print === undefined) throw new UsageError('send-test needs FINGERPRINT');
  if (more.length > 0) throw new UsageError(`unexpected "${more.join(' ')}"`);
  if (values.voip && values.background) throw new UsageError('--voip and --background exclude each other');
  const push = values.voip ? 'voip' : values.background ? 'background' : 'alert';
  const path = `/devices/${encodeURIComponent(print)}/test`;
  const client = openAdminClient(values, env, signal);
  let outcome: string | undefined;
  for await (const { name, data, text } of events(client, { method: 'POST', path, body: { push } })) {
    if (values.json) output.write(`${text}\n`);
    else output.write(describeEvent(name, data, print));
    if (name !== 'end') continue;
    const end = endSchema.parse(data);
    ({ outcome } = end);
    const { what = 'the trace ended before the provider answered', hint } = end;
    if (!values.json) output.write(`=> ${what}${hint === undefined ? '' : ` (${hint})`}\n`);
  }
  return outcome === 'sent' ? 0 : 1;
}
