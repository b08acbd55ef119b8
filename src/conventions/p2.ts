/**
 * Registration as Conversations, Quicksy and Snikket for Android do it: the ad-hoc commands (XEP-0050)
 * `register-push-fcm`, `register-push-apns` and their `unregister-…` counterparts of the app server p2. Clients send
 * them at every login and expect the same node and secret each time; their server shows the secret with each publish.
 */
import { createHash } from 'node:crypto';
import { foldCase } from '../core/jid.ts';
import type { App } from '../core/app.ts';
import type { PushAddress } from '../core/push.ts';
import type { Registration } from '../core/registration.ts';
import {
  type Command,
  type CommandOutcome,
  type Commands,
  type FormField,
  type FormFields,
  refused,
} from './command.ts';
import type { CommandContext, Convention } from './convention.ts';
import { isServerOfAccount, isServerOrSelf } from './publishers.ts';
import { accountOf, appOfDomain, deviceIdOf, readToken } from './registering.ts';

const PROVIDERS = ['fcm', 'apns'] as const;

export const p2: Convention = {
  name: 'p2',
  sealing: { number: 2, holds: 'device' },
  commands: createCommands,
  features: () => [],
  findsAppById: false,
  needsApiToken: false,
  hasHttpRoutes: false,
  accountIsOptional: false,
  mayPublish,
  addressOf,
  // On Android every notification wakes the app at high priority: FCM delays normal priority while the device sleeps.
  alertRule: ({ alertsAreSilent }) => (alertsAreSilent ? 'to-wake' : 'as-notified'),
};

/** A room or its service publishes for the room's registration, since clients enable push at the room itself. */
function mayPublish(publisher: string, registration: Registration): boolean {
  const { room } = registration;
  return room === undefined ? isServerOfAccount(publisher, registration) : isServerOrSelf(publisher, room);
}

/** Clients compare the hash with that of their own accounts. The provider does not learn the JID. */
function addressOf({ account, accountHash, device }: Registration): PushAddress {
  const [deviceId = '', channel] = device.split(' ');
  return { account: accountHash ?? hashForDevice(account, deviceId), ...(channel !== undefined && { channel }) };
}

/**
 * The hash by which clients recognise an account or a room: SHA-1 of bare JID, NUL and device id, in lower-case hex. It
 * is weak: whoever has the id can test guessed JIDs. Deployed clients require it.
 */
function hashForDevice(jid: string, deviceId: string): string {
  return createHash('sha1').update(`${jid}\0${deviceId}`).digest('hex');
}

const deviceField: FormField = { name: 'device-id', label: 'Id that the device gives itself', isRequired: true };

function createCommands(options: CommandContext): Commands {
  const commands = new Map<string, Command>();
  for (const provider of PROVIDERS) {
    const app = appOfDomain(options, p2, provider);
    if (!app) continue;
    const name = provider === 'fcm' ? 'FCM' : 'APNs';
    commands.set(`register-push-${provider}`, {
      title: `Register a device for push notifications (${name})`,
      form: [
        { name: 'token', label: `Device token from ${name}`, isRequired: true },
        deviceField,
        { name: 'muc', label: 'Address of a group chat, if the pushes are for one', isRequired: false },
      ],
      run: (from, fields) => register(options, app, from, fields),
    });
    commands.set(`unregister-push-${provider}`, {
      title: `Unregister a device (${name})`,
      form: [deviceField, { name: 'muc', label: 'Address of the group chat to leave', isRequired: false }],
      run: (from, fields) => unregister(options, app, from, fields),
    });
  }
  return commands;
}

async function register(
  { domain, handlers }: CommandContext,
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
    convention: p2.name,
    account,
    device: nameDevice(deviceId, room && hashForDevice(room, deviceId)),
    ...(room === undefined && { importedAs: hashForDevice(account, deviceId) }),
    token,
    withSecret: true,
    component: domain,
    ...(room !== undefined && { room }),
  });
  if (secret === undefined) throw new Error('a registration came without the secret that was asked for');
  return {
    kind: 'completed',
    fields: [
      // Some clients enable push at this address, others where they sent the command; both have to be equal.
      { name: 'jid', type: 'text-single', values: [domain] },
      { name: 'node', type: 'text-single', values: [node] },
      { name: 'secret', type: 'text-single', values: [secret] },
    ],
  };
}

async function unregister(
  { handlers }: CommandContext,
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
  // A client that left a room knows it by its hash only.
  const channel = room === undefined ? fields.get('channel') : hashForDevice(room, deviceId);
  const removed = await handlers.unregister({ account, token: nameDevice(deviceId, channel), app: app.name });
  return removed === 0 ? refused('unknown-device') : { kind: 'completed', fields: [] };
}

/** Prefers the new name of the field, as p2 does. */
function readDeviceId(fields: FormFields): string | undefined {
  return deviceIdOf(fields.get('device-id') ?? fields.get('android-id'));
}

/** An account and each of its rooms have registrations of their own. */
function nameDevice(deviceId: string, channel: string | undefined): string {
  return channel === undefined ? deviceId : `${deviceId} ${channel}`;
}

/** The room's bare JID in lower case, as its service publishes; empty without a room, undefined if it is not valid. */
function readRoom(fields: FormFields): { readonly room?: string } | undefined {
  const written = fields.get('muc')?.trim();
  if (written === undefined || written === '') return {};
  const room = accountOf(written);
  if (room !== written || /[\s\p{Cc}]/u.test(room)) return undefined;
  return { room: foldCase(room) };
}
