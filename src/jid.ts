// RFC 7622: how a JID falls into parts. Comparing is by lower case, no more: what the servers send was prepared by them.

/** The JID without its resource, character for character as it came. */
export function bareJid(jid: string): string {
  const slash = jid.indexOf('/');
  return slash === -1 ? jid : jid.slice(0, slash);
}

/** The domain part, in lower case. */
export function domainOf(jid: string): string {
  const bare = bareJid(jid);
  return bare.slice(bare.indexOf('@') + 1).toLowerCase();
}

/** True for `domain` and `domain/resource`, false for anything with a local part. */
export function isDomain(jid: string): boolean {
  return !bareJid(jid).includes('@');
}

/** Whether two JIDs without resource name the same account. */
export function isSameAccount(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
