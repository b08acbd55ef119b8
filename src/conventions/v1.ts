/**
 * Registration as mod_push_appserver for Prosody does it: the ad-hoc commands (XEP-0050) `v1-register-push` and
 * `v1-unregister-push`.
 *
 * In mod_push_appserver the client's own name for the device is the node, so whoever registers a known node gets its
 * secret and can replace its token. Here that name only tells the devices of one account apart. Node and secret are
 * generated, clients enable push with them, and a registration by another account is always a separate one, whatever
 * its name.
 */
import { createHash } from 'node:crypto';
import type { App } from '../core/app.ts';
import {
  type Command,
  type CommandOutcome,
  type Commands,
  type FormField,
  type FormFields,
  refused,
} from './command.ts';
import type { CommandContext, Convention } from './convention.ts';
import { isServerOfAccount } from './publishers.ts';
import { accountOf, appOfDomain, deviceIdOf, readToken } from './registering.ts';

/** A push wakes the app, which then checks all of its accounts, so the payload names none. */
export const v1: Convention = {
  name: 'v1',
  sealing: { number: 3, holds: 'device' },
  commands: createCommands,
  features: () => [],
  findsAppById: false,
  needsApiToken: false,
  hasHttpRoutes: true,
  accountIsOptional: true,
  mayPublish: isServerOfAccount,
  addressOf: () => ({ account: '' }),
  alertRule: () => 'as-notified',
};

function createCommands(options: CommandContext): Commands {
  const { domain, handlers } = options;
  const byType = new Map<string, App>();
  for (const type of ['apns', 'fcm'] as const) {
    const app = appOfDomain(options, v1, type);
    if (app) byType.set(type, app);
  }
  const commands = new Map<string, Command>();
  if (byType.size === 0) return commands;

  async function register(from: string, fields: FormFields): Promise<CommandOutcome> {
    const account = accountOf(from);
    if (account === undefined) return refused('no-account');
    const app = byType.get(fields.get('type')?.trim() ?? '');
    if (!app) return refused('bad-type');
    const device = deviceIdOf(fields.get('node'));
    if (device === undefined) return refused('bad-client-node');
    const token = readToken(app.provider, fields.get('token'));
    if (token === undefined) return refused('bad-token');
    const { node, secret } = await handlers.register({
      app: app.name,
      convention: v1.name,
      account,
      device,
      token,
      withSecret: true,
      component: domain,
    });
    if (secret === undefined) throw new Error('a registration came without the secret that was asked for');
    return {
      kind: 'completed',
      fields: [
        { name: 'jid', type: 'jid-single', values: [domain] },
        { name: 'node', type: 'text-single', values: [node] },
        { name: 'secret', type: 'text-single', values: [secret] },
      ],
    };
  }

  /** Accepts the client's name for the device or the node of the answer, since clients use one for the other. */
  async function unregister(from: string, fields: FormFields): Promise<CommandOutcome> {
    const account = accountOf(from);
    if (account === undefined) return refused('no-account');
    const app = byType.get(fields.get('type')?.trim() ?? '');
    if (!app) return refused('bad-type');
    const device = deviceIdOf(fields.get('node'));
    if (device === undefined) return refused('bad-client-node');
    const removed = await handlers.unregister({ account, token: device, app: app.name });
    return removed === 0 ? refused('unknown-device') : { kind: 'completed', fields: [] };
  }

  const device: readonly FormField[] = [
    { name: 'type', label: 'Provider', isRequired: true, options: [...byType.keys()] },
    { name: 'node', label: 'Id that the device gives itself', isRequired: true },
  ];
  commands.set('v1-register-push', {
    title: 'Register a device for push notifications (version 1)',
    form: [...device, { name: 'token', label: 'Device token from APNs or FCM', isRequired: true }],
    completedStatus: 'complete',
    run: register,
  });
  commands.set('v1-unregister-push', {
    title: 'Unregister a device (version 1)',
    form: device,
    completedStatus: 'complete',
    run: unregister,
  });
  return commands;
}

/** Names a device without account by id and token together, since an id can be known. The name hides the token. */
export function nameDeviceByToken(id: string, token: string): string {
  return `${id} ${createHash('sha256').update(`${id}\0${token}`).digest('hex')}`;
}
