/**
 * Registering as Siskin IM, Snikket and Stork do it: the ad-hoc commands `register-device` and `unregister-device` of
 * Tigase's push component. What the clients' form readers take and what they trip over decides the shape of the answers.
 */
import type { Command, CommandOutcome, Commands } from '../xmpp/services/commands.ts';
import { detach } from '../xmpp/stream/element.ts';
import type { FormFields } from '../xmpp/services/form.ts';
import { NS } from '../xmpp/stream/namespaces.ts';
import { accountOf, type ConventionOptions, readToken, refused } from './registering.ts';

/** The commands, if any app wants this convention. */
export function createTigaseCommands({ apps, domain, handlers }: ConventionOptions): Commands {
  const byId = new Map(
    apps.filter((app) => app.conventions.includes('tigase')).flatMap((app) => app.ids.map((id) => [id, app] as const)),
  );
  const commands = new Map<string, Command>();
  if (byId.size === 0) return commands;

  async function register(from: string, fields: FormFields): Promise<CommandOutcome> {
    const account = accountOf(from);
    if (account === undefined) return refused('no-account');
    const app = byId.get(fields.get('provider')?.trim() ?? '');
    if (!app) return refused('bad-provider');
    const token = readToken(app.provider, fields.get('device-token'));
    if (token === undefined) return refused('bad-device-token');
    const secondWritten = app.provider === 'apns' ? fields.get('device-second-token') : undefined;
    const secondToken = readToken('apns', secondWritten);
    if (secondWritten !== undefined && secondToken === undefined) return refused('bad-second-token');
    const { node } = await handlers.register({
      app: app.name,
      convention: 'tigase',
      account,
      device: token,
      token,
      ...(secondToken !== undefined && { secondToken }),
      withSecret: false,
      component: domain,
    });
    return {
      kind: 'completed',
      fields: [
        { name: 'node', type: 'text-single', values: [node] },
        // Without the type a client reads one value only, finds no list and silently leaves sealing off.
        { name: 'features', type: 'text-multi', values: [NS.encrypt] },
        // Comes back to the sealing server word for word; it must be a bare number.
        {
          name: 'max-payload-size',
          type: 'text-single',
          values: [String(handlers.largestCiphertext(app.name, account))],
        },
      ],
    };
  }

  /**
   * Whatever is not registered is `item-not-found`, tokens of no shape included: with any other error clients do not
   * register again in this session.
   */
  async function unregister(from: string, fields: FormFields): Promise<CommandOutcome> {
    const account = accountOf(from);
    if (account === undefined) return refused('no-account');
    const written = fields.get('device-token')?.trim();
    if (written === undefined || written === '') return refused('bad-device-token');
    // A provider id that is no longer served must not keep a device from leaving.
    const app = byId.get(fields.get('provider')?.trim() ?? '');
    const token = (app && readToken(app.provider, written)) ?? detach(written);
    const removed = await handlers.unregister({ account, token, ...(app && { app: app.name }) });
    return removed === 0 ? refused('unknown-device') : { kind: 'completed', fields: [] };
  }

  commands.set('register-device', { title: 'Register a device for push notifications', run: register });
  commands.set('unregister-device', { title: 'Unregister a device', run: unregister });
  return commands;
}
