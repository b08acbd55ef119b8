/**
 * Registering as Siskin IM, Snikket and Stork do it: the ad-hoc commands `register-device` and `unregister-device` of
 * Tigase's push component. What the clients' form readers take and what they trip over decides the shape of the answers.
 */
import type { App } from '../core/app.ts';
import { type Command, type CommandOutcome, type Commands, type FormFields, refused } from './command.ts';
import { type CommandContext, type Convention, serves } from './convention.ts';
import { isServerOfAccount } from './publishers.ts';
import { accountOf, readToken } from './registering.ts';

/** Tigase, "Encrypted Push Notifications": what tells a client that it may ask its server for sealing. */
const sealingFeature = 'tigase:push:encrypt:0';

/** Its payloads carry the bare JID exactly as it was registered, by which devices look their keys up. */
export const tigase: Convention = {
  name: 'tigase',
  sealing: { number: 1, holds: 'tokens' },
  commands: createCommands,
  // Clients look among the features for the id that they register with.
  features: (apps) => apps.filter((app) => serves(app, tigase)).flatMap(({ ids }) => ids),
  findsAppById: true,
  needsApiToken: false,
  accountIsOptional: false,
  mayPublish: isServerOfAccount,
  addressOf: ({ account }) => ({ account }),
  alertRule: () => 'as-notified',
};

function createCommands({ apps, domain, handlers }: CommandContext): Commands {
  const byId = new Map<string, App>(
    apps.filter((app) => serves(app, tigase)).flatMap((app) => app.ids.map((id) => [id, app] as const)),
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
    const secondWritten = app.takesSecondToken ? fields.get('device-second-token') : undefined;
    const secondToken = readToken(app.provider, secondWritten);
    if (secondWritten !== undefined && secondToken === undefined) return refused('bad-second-token');
    const { node } = await handlers.register({
      app: app.name,
      convention: tigase.name,
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
        { name: 'features', type: 'text-multi', values: [sealingFeature] },
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
    const token = (app && readToken(app.provider, written)) ?? written;
    const removed = await handlers.unregister({ account, token, ...(app && { app: app.name }) });
    return removed === 0 ? refused('unknown-device') : { kind: 'completed', fields: [] };
  }

  commands.set('register-device', { title: 'Register a device for push notifications', run: register });
  commands.set('unregister-device', { title: 'Unregister a device', run: unregister });
  return commands;
}
