/** XEP-0357 section 3.2: who may publish to a node. */
import { domainOf, isDomain, isSameAccount } from '../core/jid.ts';
import type { Registration } from '../core/registration.ts';

/**
 * Whether the publisher is the owner's server, with or without a resource (Tigase publishes from `domain/hash`), or the
 * owner's bare JID.
 * @param owner bare JID of an account or a room, or a domain if no more is known
 */
export function isServerOrSelf(publisher: string, owner: string): boolean {
  return isDomain(publisher) ? domainOf(publisher) === domainOf(owner) : isSameAccount(publisher, owner);
}

/** Whether the publisher is a server or a bare JID. A full JID is another client, which must not publish. */
export function isServerOrBareJid(publisher: string): boolean {
  return isDomain(publisher) || !publisher.includes('/');
}

/** The account or its server may publish; without an account any server may, and the secret decides. */
export function isServerOfAccount(publisher: string, { account }: Registration): boolean {
  return account === '' ? isServerOrBareJid(publisher) : isServerOrSelf(publisher, account);
}
