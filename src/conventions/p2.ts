/**
 * Registering as Conversations, Quicksy and Snikket for Android do it: the ad-hoc commands `register-push-fcm`,
 * `register-push-apns` and their opposites, of the app server p2. Clients repeat it at every login and rely on getting
 * the same node and secret, which their server then has to show with each publish.
 */
import { hashForDevice } from './addressing.ts';
import type { App } from '../core/app.ts';
import type { Command, CommandOutcome } from '../xmpp/services/commands.ts';
import { detach } from '../xmpp/stream/element.ts';
import type { FormFields } from '../xmpp/services/form.ts';
import { accountOf, appOfDomain, type ConventionOptions, deviceIdOf, readToken, refused } from './registering.ts';

const PROVIDERS = ['fcm', 'apns'] as const;

/** The commands, for those providers that have an app of this convention. */
export function createP2Commands(options: ConventionOptions): Map<string, Command> {
  const commands = new Map<string, Command>();
  for (const provider of PROVIDERS) {
    const app = appOfDomain(options, 'p2', provider);
    if (!app) continue;
    const name = provider === 'fcm' ? 'FCM' : 'APNs';
    commands.set(`register-push-${provider}`, {
      title: `Register a device for push notifications (${name})`,
      run: (from, fields) => register(options, app, from, fields),
    });
    commands.set(`unregister-push-${provider}`, {
      title: `Unregister a device (${name})`,
      run: (from, fields) => unregister(options, app, from, fields),
    });
  }
  return commands;
}

async function register(
  { domain, handlers }: ConventionOptions,
  app: App,
  from: string,
  fields: FormFields,
): Promise<CommandOutcome> {
  const account = accountOf(from);
  if (account === undefined) return refused('no-account');
  const deviceId = readDeviceId(fields);
  if (deviceId === undefined) return refused('bad-device-id');
  const token = readToken(app.provider, fields.get('token'));
  if (token === undefined) return refused('bad-token');
  const place = readRoom(fields);
  if (!place) return refused('bad-room');
  const { room } = place;
  const { node, secret } = await handlers.register({
    app: app.name,
    convention: 'p2',
    account,
    device: nameDevice(deviceId, room && hashForDevice(room, deviceId)),
    token,
    withSecret: true,
    component: domain,
    ...(room !== undefined && { room }),
  });
  if (secret === undefined) throw new Error('a registration came without the secret that was asked for');
  return {
    kind: 'completed',
    fields: [
      // Some clients enable push at this address, others at the one that they sent the command to: it has to be the same.
      { name: 'jid', type: 'text-single', values: [domain] },
      { name: 'node', type: 'text-single', values: [node] },
      { name: 'secret', type: 'text-single', values: [secret] },
    ],
  };
}

async function unregister(
  { handlers }: ConventionOptions,
  app: App,
  from: string,
  fields: FormFields,
): Promise<CommandOutcome> {
  const account = accountOf(from);
  if (account === undefined) return refused('no-account');
  const deviceId = readDeviceId(fields);
  if (deviceId === undefined) return refused('bad-device-id');
  const place = readRoom(fields);
  if (!place) return refused('bad-room');
  const { room } = place;
  // Clients know their rooms by hash when one tells them of a room that they have left.
  const channel = room === undefined ? fields.get('channel') : hashForDevice(room, deviceId);
  const removed = await handlers.unregister({ account, token: nameDevice(deviceId, channel), app: app.name });
  return removed === 0 ? refused('unknown-device') : { kind: 'completed', fields: [] };
}

/** As p2 reads it: the new name of the field before the old one. */
function readDeviceId(fields: FormFields): string | undefined {
  return deviceIdOf(fields.get('device-id') ?? fields.get('android-id'));
}

/** One registration for the account and one for each room. */
function nameDevice(deviceId: string, channel: string | undefined): string {
  return channel === undefined ? deviceId : `${deviceId} ${channel}`;
}

/** A room's bare JID, in the lower case in which its service publishes, if there is one; undefined when it is no such JID. */
function readRoom(fields: FormFields): { readonly room?: string } | undefined {
  const written = fields.get('muc')?.trim();
  if (written === undefined || written === '') return {};
  const room = accountOf(written);
  if (room !== written || /[\s\p{Cc}]/u.test(room)) return undefined;
  return { room: detach(room.toLowerCase()) };
}
