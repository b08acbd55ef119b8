/** What the registering conventions share: reading account, app, device and token of a request. */
import { parseDeviceToken } from '../providers/all.ts';
import type { App } from '../core/app.ts';
import { bareJid } from '../core/jid.ts';
import { type CommandContext, type Convention, serves } from './convention.ts';

/** RFC 7622: each part of a JID has at most 1,023 bytes; an account has a local part and a domain. */
const JID_MAX = 2_047;

/** The bare JID exactly as sent, since devices look their key up by it; undefined if it cannot be an account. */
export function accountOf(from: string): string | undefined {
  const bare = bareJid(from);
  const at = bare.indexOf('@');
  if (at < 1 || at === bare.length - 1 || Buffer.byteLength(bare) > JID_MAX) return undefined;
  return bare;
}

/** The token as its provider accepts it; undefined if it is absent or not valid for this provider. */
export function readToken(provider: App['provider'], written: string | undefined): string | undefined {
  return written === undefined ? undefined : parseDeviceToken(provider, written);
}

/**
 * The app for registrations that carry no provider id. With p2 and mod_push_appserver the address of the push service
 * stands for the app, and the command for the provider. So it is the app that has the link's domain among its ids, or
 * else the only app of this convention and provider; undefined if there is none or several.
 */
export function appOfDomain(
  { apps, domain }: Pick<CommandContext, 'apps' | 'domain'>,
  convention: Convention,
  provider: App['provider'],
): App | undefined {
  const candidates = apps.filter((app) => app.provider === provider && serves(app, convention));
  const named = candidates.filter(({ ids }) => ids.includes(domain));
  if (named.length > 0) return named.length === 1 ? named[0] : undefined;
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** Printable and without white space, so that a device name composed of it can be split at spaces. */
const DEVICE_ID = /^[^\s\p{Cc}\p{Cf}]{1,255}$/u;

/** The id that a device gives itself; undefined if it is absent or not valid. */
export function deviceIdOf(written: string | undefined): string | undefined {
  return written !== undefined && DEVICE_ID.test(written) ? written : undefined;
}
