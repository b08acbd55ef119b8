import { createHash, timingSafeEqual } from 'node:crypto';
import { domainOf, isDomain, isSameAccount } from '../core/jid.ts';
import type { Notification } from '../core/notification.ts';
import type { Registration } from '../core/registration.ts';

/**
 * XEP-0357 section 3.2: who may publish to a node. The server of the registered account, with or without a resource
 * (Tigase publishes from `domain/hash`), or the account's bare JID; and whoever it is, with the secret when there is one.
 * Where a room was registered, that is the room's service or the room: clients enable push at the room itself, and so the
 * account's server has no part in it.
 */
export function refusePublisher(
  notification: Notification,
  registration: Registration,
): 'wrong-publisher' | 'wrong-secret' | undefined {
  if (!mayPublish(notification.publisher, registration)) return 'wrong-publisher';
  if (registration.secret !== undefined && !isSameSecret(registration.secret, notification.secret ?? '')) {
    return 'wrong-secret';
  }
  return undefined;
}

function mayPublish(publisher: string, { convention, account, room }: Registration): boolean {
  // Nothing says whose a raw token is, so that knowing it has to do, nor whose a device is that registered without an
  // account, so that its secret has to; but publishing is for servers, not for other clients.
  if (convention === 'raw-token' || account === '') return isDomain(publisher) || !publisher.includes('/');
  const owner = room ?? account;
  return isDomain(publisher) ? domainOf(publisher) === domainOf(owner) : isSameAccount(publisher, owner);
}

// Digests are of one length, so comparing them tells nothing about the secret's.
function isSameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
