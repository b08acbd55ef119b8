import type { Registration } from '../../src/core/registration.ts';
import { registrationOf } from '../support/registrations.ts';

let made = 0;

/** A device of an account of its own, that took a push before. */
export function device(over: Partial<Registration> = {}): Registration {
  made += 1;
  const own = { node: `node-${made}`, account: `user${made}@example.net`, token: `token-${made}` };
  return registrationOf({ ...own, device: `device-${made}`, wasAccepted: true, ...over });
}

/** The same, but no provider ever accepted a push for it. */
export function newDevice(over: Partial<Registration> = {}): Registration {
  const { wasAccepted: _, ...registration } = device(over);
  return registration;
}

type Make = (over: Partial<Registration>) => Registration;

export const many = (count: number, make: () => Registration) => Array.from({ length: count }, () => make());

/** Devices of accounts of their own at one domain. */
export const at = (domain: string, count: number, make: Make = device) =>
  Array.from({ length: count }, (_, i) => make({ account: `u${i}@${domain}` }));

/** So many devices of each of so many domains, one domain after the other in turn. */
export const across = (domains: number, each: number, make: Make = device) =>
  Array.from({ length: domains * each }, (_, i) => make({ account: `u${i}@d${i % domains}.example` }));
