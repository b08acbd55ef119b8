// RFC 7622: splits and compares JIDs. Comparing ignores the case of ASCII letters only, since servers send JIDs that
// they have prepared. Unicode's case folding goes further (it maps the Kelvin sign to k) and differs by version: it
// would merge accounts that a server tells apart.

/** The JID without its resource, otherwise unchanged. */
export function bareJid(jid: string): string {
  const slash = jid.indexOf('/');
  return slash === -1 ? jid : jid.slice(0, slash);
}

/** The domain part in lower case. */
export function domainOf(jid: string): string {
  const bare = bareJid(jid);
  return foldCase(bare.slice(bare.indexOf('@') + 1));
}

/** True for `domain` and `domain/resource`, false for anything with a local part. */
export function isDomain(jid: string): boolean {
  return !bareJid(jid).includes('@');
}

/** Whether two bare JIDs name the same account. */
export function isSameAccount(a: string, b: string): boolean {
  return foldCase(a) === foldCase(b);
}

/** Lower-cases A to Z only. Texts that name the same account, domain, device or token are equal after it. */
export function foldCase(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}
