import { hash } from 'node:crypto';
import type { Registration } from './registration.ts';

/** 96 bits: no two tokens are alike by chance. */
const characters = 16;

/** By registration, since each push asks twice, and another hash costs more than a look-up. */
const known = new WeakMap<object, string>();

/**
 * A short name for the device that a token addresses, the same for all its registrations with an app. So no map holds
 * tokens.
 */
export function deviceKey(registration: Pick<Registration, 'app' | 'token'>): string {
  let key = known.get(registration);
  if (key === undefined) known.set(registration, (key = keyOfToken(registration.app, registration.token)));
  return key;
}

/** The same for a token by itself. */
export function keyOfToken(app: string, token: string): string {
  return hash('sha256', `${app} ${token}`, 'base64url').slice(0, characters);
}
