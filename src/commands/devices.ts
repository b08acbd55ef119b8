/** `sealpost devices`: what a running server knows of the devices of an account. */
import { z } from 'zod';
import type { Clock } from '../time/clock.ts';
import { type AdminClient, adminOptions, adminOptionsHelp, openAdminClient, searchWithinMs } from './admin-client.ts';
import { type CommandCall, describeUnknown, readArguments, UsageError } from './command.ts';
import { deviceLine, deviceSchema, describeDevice } from './device-text.ts';

export const devicesUsage = `Usage: sealpost devices show ACCOUNT | find FINGERPRINT|TOKEN | list | revoke FINGERPRINT | forget ACCOUNT [OPTIONS]

  show ACCOUNT      the devices of an account: how each is registered, its last publish and push, what is wrong, what to do
  find TEXT         the device of a fingerprint, as the log has it, or those whose token begins so (6 characters or more)
  list              all devices, one a line, without accounts
  revoke FINGERPRINT  remove one registration; its XMPP server is told with its next publish and drops it
  forget ACCOUNT    with --yes: erase everything that is kept of an account: registrations, marks of removed ones, queued
                    pushes. Its devices get no push until they register again. Without --yes: only say what that would be

  --app NAME, --domain DOMAIN  list: only devices of this app, only accounts of this domain
  --failing         list: only devices whose latest publish or push did not go well
  --limit N         list: most devices; default 100
  --json            JSON, as the admin API answers it; list: one object a line
${adminOptionsHelp}

Examples:
  sealpost devices show romeo@example.net
  sealpost devices find 3b2c5f0a9d41
  sealpost devices list --failing --app siskin --json | jq -r .summary | sort | uniq -c

Exit codes: 0 done, 1 no such device, or the server cannot be asked, 2 a wrong call.
`;

export interface DevicesCall extends Pick<CommandCall, 'args' | 'env'> {
  readonly output: { write(text: string): unknown };
  readonly clock: Pick<Clock, 'now'>;
  /** Ends it. */
  readonly signal: AbortSignal;
}

const listSchema = z.object({ devices: z.array(deviceSchema), notesLostAt: z.string().optional() });
const revokedSchema = z.object({ fingerprint: z.string(), app: z.string(), domain: z.string() });
const forgottenSchema = z.object({ registrations: z.number(), marks: z.number() });

const actions = ['show', 'find', 'list', 'revoke', 'forget'] as const;
type Action = (typeof actions)[number];

/** What the action is about, for the error that it is missing. */
const subjects: Readonly<Record<Exclude<Action, 'list'>, string>> = {
  show: 'ACCOUNT',
  find: 'FINGERPRINT or the begin of a TOKEN',
  revoke: 'FINGERPRINT',
  forget: 'ACCOUNT',
};

/** What an action runs with. */
interface Run extends Pick<DevicesCall, 'output' | 'clock'> {
  readonly client: AdminClient;
  readonly isJson: boolean;
}

/**
 * `sealpost devices`.
 * @returns exit code 0: done; 1: no such device
 * @throws ConfigError, UsageError, AdminError
 */
export async function devices({ args, env, ...call }: DevicesCall): Promise<0 | 1> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      ...adminOptions,
      app: { type: 'string' },
      domain: { type: 'string' },
      failing: { type: 'boolean', default: false },
      limit: { type: 'string', default: '100' },
      yes: { type: 'boolean', default: false },
    },
  });
  const [action, subject = '', ...more] = positionals;
  if (!isAction(action)) {
    if (action !== undefined) throw new UsageError(describeUnknown('action', action, actions));
    throw new UsageError(`an action is missing: ${actions.join(', ')}`);
  }
  if (more.length > 0 || (action === 'list' && subject !== '')) {
    throw new UsageError(`unexpected "${(more.length > 0 ? more : [subject]).join(' ')}"`);
  }
  if (action !== 'list' && subject === '') throw new UsageError(`devices ${action} needs ${subjects[action]}`);
  const { app, domain, failing, limit } = values;
  if (action !== 'list' && (app ?? domain ?? (failing || undefined)) !== undefined) {
    throw new UsageError('--app, --domain and --failing go with list');
  }
  const run: Run = { ...call, client: openAdminClient(values, env, call.signal), isJson: values.json };
  switch (action) {
    case 'show':
      return show(run, subject);
    case 'find':
      return find(run, subject);
    case 'revoke':
      return revoke(run, subject);
    case 'forget':
      return values.yes ? forget(run, subject) : foretell(run, subject);
    case 'list':
      return list(run, {
        ...{ limit, ...(app !== undefined && { app }), ...(domain !== undefined && { domain }) },
        ...(failing && { failing: 'true' }),
      });
  }
}

function isAction(word: string | undefined): word is Action {
  return actions.some((action) => action === word);
}

async function show({ client, output, clock, isJson }: Run, account: string): Promise<0 | 1> {
  const answer = await client.ask(listSchema, { path: '/devices', query: { account } });
  if (isJson) output.write(`${JSON.stringify(answer)}\n`);
  else output.write(describeAll(account, answer, clock.now()));
  return answer.devices.length > 0 ? 0 : 1;
}

async function find({ client, output, clock, isJson }: Run, text: string): Promise<0 | 1> {
  const answer = await client.ask(listSchema, { path: '/devices', query: { find: text }, withinMs: searchWithinMs });
  if (isJson) output.write(`${JSON.stringify(answer)}\n`);
  else if (answer.devices.length === 0) output.write('No device has this fingerprint, or a token that begins so.\n');
  else output.write(answer.devices.map((device) => describeDevice(device, clock.now())).join('\n'));
  return answer.devices.length > 0 ? 0 : 1;
}

async function list({ client, output, isJson }: Run, query: Readonly<Record<string, string>>): Promise<0> {
  for await (const line of client.lines({ path: '/devices/list', query, withinMs: searchWithinMs })) {
    output.write(isJson ? `${line}\n` : `${deviceLine(deviceSchema.parse(JSON.parse(line)))}\n`);
  }
  return 0;
}

async function revoke({ client, output, isJson }: Run, print: string): Promise<0> {
  const path = `/devices/${encodeURIComponent(print)}`;
  const answer = await client.ask(revokedSchema, { method: 'DELETE', path, withinMs: searchWithinMs });
  const { fingerprint, app, domain } = answer;
  const what = `Removed ${fingerprint} (${app}, an account of ${domain}). Its XMPP server is told with its next publish.`;
  output.write(isJson ? `${JSON.stringify(answer)}\n` : `${what}\n`);
  return 0;
}

async function forget({ client, output, isJson }: Run, account: string): Promise<0 | 1> {
  const answer = await client.ask(forgottenSchema, { method: 'POST', path: '/accounts/forget', body: { account } });
  const { registrations, marks } = answer;
  const what = `Erased ${countOf(registrations, 'registration')} and ${countOf(marks, 'mark of a removed one', 'marks of removed ones')}.`;
  output.write(isJson ? `${JSON.stringify(answer)}\n` : `${what}\n`);
  return registrations + marks > 0 ? 0 : 1;
}

/** What `forget` would erase. */
async function foretell({ client, output }: Run, account: string): Promise<1> {
  const { devices: known } = await client.ask(listSchema, { path: '/devices', query: { account } });
  const removed = known.filter(({ state }) => state === 'removed').length;
  output.write(
    `This would erase ${countOf(known.length - removed, 'registration')} and ${countOf(removed, 'mark of a removed one', 'marks of removed ones')}. ` +
      'Nothing was erased: say --yes to do it.\n',
  );
  return 1;
}

function describeAll(account: string, answer: z.output<typeof listSchema>, nowMs: number): string {
  const { devices: known, notesLostAt } = answer;
  if (known.length === 0) {
    return (
      `No device of ${account} is registered, nor was one removed in the latest 400 days.\n` +
      'Has the app registered for push, and with this server? Is the address written as the app has it?\n'
    );
  }
  const lost =
    notesLostAt === undefined
      ? ''
      : `\nSome notes of publishes and pushes were lost, the latest at ${notesLostAt}: the store was too slow or failed.\n`;
  return `${account}: ${countOf(known.length, 'device')}\n\n${known.map((device) => describeDevice(device, nowMs)).join('\n')}${lost}`;
}

function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
