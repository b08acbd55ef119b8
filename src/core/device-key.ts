import type { Registration } from './registration.ts';
import { foldedKey } from './short-key.ts';

/** What names the device of a registration. */
export type DeviceNamed = Pick<Registration, 'app' | 'token' | 'tokenKey'>;

/**
 * A short name for the device that a registration's first token addresses, the same for all its registrations with an app.
 * So no map holds tokens.
 */
export function deviceKey({ app, token, tokenKey = foldedKey(token) }: DeviceNamed): string {
  return `${tokenKey} ${app}`;
}
