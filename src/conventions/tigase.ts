/**
 * Registration as Siskin IM, Snikket and Stork do it: the ad-hoc commands (XEP-0050) `register-device` and
 * `unregister-device` of Tigase's push component. The answers suit the form readers of these clients.
 */
import type { App } from '../core/app.ts';
import {
  type Command,
  type CommandOutcome,
  type Commands,
  type FormField,
  type FormFields,
  refused,
} from './command.ts';
import { type CommandContext, type Convention, serves } from './convention.ts';
import { isServerOfAccount } from './publishers.ts';
import { accountOf, readToken } from './registering.ts';

/** Tigase, "Encrypted Push Notifications": tells a client that it may ask its server for sealing. */
const sealingFeature = 'tigase:push:encrypt:0';

/** Payloads carry the bare JID exactly as it was registered, since devices look their keys up by it. */
export const tigase: Convention = {
  name: 'tigase',
  sealing: { number: 1, holds: 'tokens' },
  commands: createCommands,
  // Clients look for the id that they register with among the features.
  features: (apps) => apps.filter((app) => serves(app, tigase)).flatMap(({ ids }) => ids),
  findsAppById: true,
  needsApiToken: false,
  hasHttpRoutes: false,
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
        // Without the type a client reads one value only, does not find the feature and silently leaves sealing off.
        { name: 'features', type: 'text-multi', values: [sealingFeature] },
        // The client hands it to its server verbatim, so it has to be a bare number.
        {
          name: 'max-payload-size',
          type: 'text-single',
          values: [String(handlers.largestCiphertext(app.name, account))],
        },
      ],
    };
  }

  /**
   * Answers `item-not-found` for whatever is not registered, malformed tokens included: after any other error clients
   * do not register again before the next login.
   */
  async function unregister(from: string, fields: FormFields): Promise<CommandOutcome> {
    const account = accountOf(from);
    if (account === undefined) return refused('no-account');
    const written = fields.get('device-token')?.trim();
    if (written === undefined || written === '') return refused('bad-device-token');
    // A device must be able to unregister even if its provider id is no longer served.
    const app = byId.get(fields.get('provider')?.trim() ?? '');
    const token = (app && readToken(app.provider, written)) ?? written;
    const removed = await handlers.unregister({ account, token, ...(app && { app: app.name }) });
    return removed === 0 ? refused('unknown-device') : { kind: 'completed', fields: [] };
  }

  const device: readonly FormField[] = [
    { name: 'provider', label: 'App, by its provider id', isRequired: true, options: [...byId.keys()] },
    { name: 'device-token', label: 'Device token from APNs or FCM', isRequired: true },
  ];
  const second = { name: 'device-second-token', label: 'Device token for calls (PushKit)', isRequired: false };
  const mayCall = [...byId.values()].some(({ takesSecondToken }) => takesSecondToken);
  commands.set('register-device', {
    title: 'Register a device for push notifications',
    form: mayCall ? [...device, second] : device,
    run: register,
  });
  commands.set('unregister-device', { title: 'Unregister a device', form: device, run: unregister });
  return commands;
}
