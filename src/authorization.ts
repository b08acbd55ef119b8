import { createHash, timingSafeEqual } from 'node:crypto';
import { domainOf, isDomain, isSameAccount } from './jid.ts';
import type { Notification, Registration } from './push.ts';

/**
 * XEP-0357 section 3.2: who may publish to a node. The server of the registered account, with or without a resource
 * (Tigase publishes from `domain/hash`), or the account's bare JID; and whoever it is, with the secret when there is one.
 */
export function refusePublisher(
  notification: Notification,
  registration: Registration,
): 'wrong-publisher' | 'wrong-secret' | undefined {
  const { publisher } = notification;
  const mayPublish = isDomain(publisher)
    ? domainOf(publisher) === domainOf(registration.account)
    : isSameAccount(publisher, registration.account);
  if (!mayPublish) return 'wrong-publisher';
  if (registration.secret !== undefined && !isSameSecret(registration.secret, notification.secret ?? '')) {
    return 'wrong-secret';
  }
  return undefined;
}

// Digests are of one length, so comparing them tells nothing about the secret's.
function isSameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
