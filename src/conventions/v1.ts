/**
 * Registering as mod_push_appserver for Prosody has it: the ad-hoc commands `v1-register-push` and `v1-unregister-push`.
 *
 * There the client's own name for the device is the node, and whoever registers a known node gets its secret and can put
 * a token of theirs in place. Here that name only tells the devices of one account apart; node and secret of the answer
 * are ours, and clients enable push with what the answer says. So what another account registers, by whatever name, is a
 * registration of its own.
 */
import type { App } from '../core/app.ts';
import type { Command, CommandOutcome } from '../xmpp/services/commands.ts';
import type { FormFields } from '../xmpp/services/form.ts';
import { accountOf, appOfDomain, type ConventionOptions, deviceIdOf, readToken, refused } from './registering.ts';

/** The commands, if any app wants this convention. */
export function createV1Commands(options: ConventionOptions): Map<string, Command> {
  const { domain, handlers } = options;
  const byType = new Map<string, App>();
  for (const type of ['apns', 'fcm'] as const) {
    const app = appOfDomain(options, 'v1', type);
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
      convention: 'v1',
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

  /** By the client's name for the device or by the node of the answer: to the clients both were the same thing. */
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

  commands.set('v1-register-push', {
    title: 'Register a device for push notifications (version 1)',
    completedStatus: 'complete',
    run: register,
  });
  commands.set('v1-unregister-push', {
    title: 'Unregister a device (version 1)',
    completedStatus: 'complete',
    run: unregister,
  });
  return commands;
}
