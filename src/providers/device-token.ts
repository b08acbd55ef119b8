import { createHash } from 'node:crypto';
import type { App } from '../core/app.ts';

/** 32 bytes in hex today; Apple reserves the right to longer ones. */
const APNS_TOKEN = /^[0-9A-Fa-f]{16,512}$/;
const FCM_TOKEN = /^[\x21-\x7e]{1,4096}$/;

/**
 * A device token as its provider takes it; APNs tokens in lower case, for clients write them now this way, now that way.
 * @returns undefined when it can be none of this provider's
 */
export function parseDeviceToken(provider: App['provider'], written: string): string | undefined {
  const token = written.trim();
  switch (provider) {
    case 'apns':
      return token.length % 2 === 0 && APNS_TOKEN.test(token) ? token.toLowerCase() : undefined;
    case 'fcm':
      return FCM_TOKEN.test(token) ? token : undefined;
  }
}

/**
 * Names a device that came without an account by its own id and its token together, so that nobody who knows the id alone
 * can mean it. The token does not show in the name.
 */
export function nameDeviceByToken(id: string, token: string): string {
  return `${id} ${createHash('sha256').update(`${id}\0${token}`).digest('hex')}`;
}
