/** XEP-0357 section 3.2: who may publish to a node. */
import { domainOf, isDomain, isSameAccount } from '../core/jid.ts';
import type { Registration } from '../core/registration.ts';

/**
 * The server of the owner, with or without a resource (Tigase publishes from `domain/hash`), or the owner's bare JID.
 * @param owner bare JID of an account or of a room; or a domain, where no more is known
 */
export function isServerOrSelf(publisher: string, owner: string): boolean {
  return isDomain(publisher) ? domainOf(publisher) === domainOf(owner) : isSameAccount(publisher, owner);
}

/** Any server, or any bare JID; publishing is for servers, not for other clients. */
export function isServerOrBareJid(publisher: string): boolean {
  return isDomain(publisher) || !publisher.includes('/');
}

/** The account's server or the account; any server where nobody said whose the device is, so that its secret decides. */
export function isServerOfAccount(publisher: string, { account }: Registration): boolean {
  return account === '' ? isServerOrBareJid(publisher) : isServerOrSelf(publisher, account);
}
