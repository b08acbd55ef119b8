/** What the conventions of registering have in common: whose device it is, which app's, and whether its token can be one. */
import { parseDeviceToken } from '../providers/all.ts';
import type { App } from '../core/app.ts';
import { bareJid } from '../core/jid.ts';
import { type CommandContext, type Convention, serves } from './convention.ts';

/** RFC 7622: at most 1,023 bytes in each part, and an account has a local part. */
const JID_MAX = 2_047;

/**
 * The bare JID exactly as sent, for devices look their key up by this very string. Undefined for a server or a JID that
 * can be nobody's.
 */
export function accountOf(from: string): string | undefined {
  const bare = bareJid(from);
  const at = bare.indexOf('@');
  if (at < 1 || at === bare.length - 1 || Buffer.byteLength(bare) > JID_MAX) return undefined;
  return bare;
}

/** The token as its provider takes it; undefined when it is absent or none of this provider's. */
export function readToken(provider: App['provider'], written: string | undefined): string | undefined {
  return written === undefined ? undefined : parseDeviceToken(provider, written);
}

/**
 * The app that registrations without a provider id are for. In the conventions of p2 and mod_push_appserver the address
 * of the push service stands for the app, and one command for the provider: so it is the app that has the link's domain
 * among its ids, or else the only one of the convention and provider. Undefined: there is none, or nothing says which.
 */
export function appOfDomain(
  { apps, domain }: Pick<CommandContext, 'apps' | 'domain'>,
  convention: Convention,
  provider: App['provider'],
): App | undefined {
  const able = apps.filter((app) => app.provider === provider && serves(app, convention));
  const named = able.filter(({ ids }) => ids.includes(domain));
  if (named.length > 0) return named.length === 1 ? named[0] : undefined;
  return able.length === 1 ? able[0] : undefined;
}

/** Printable and no white space, so that a name made of it stays one word. */
const DEVICE_ID = /^[^\s\p{Cc}\p{Cf}]{1,255}$/u;

/** A device's name for itself; undefined when it is absent or cannot be one. */
export function deviceIdOf(written: string | undefined): string | undefined {
  return written !== undefined && DEVICE_ID.test(written) ? written : undefined;
}
