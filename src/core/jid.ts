// RFC 7622: how a JID falls into parts, and the one rule by which JIDs are compared. Comparing folds the case of ASCII
// letters, no more: what servers send was prepared by them. What Unicode folds beyond (the Kelvin sign to k, Georgian
// capitals to small letters) depends on its version, and would make one account of two that a server tells apart.

/** The JID without its resource, character for character as it came. */
export function bareJid(jid: string): string {
  const slash = jid.indexOf('/');
  return slash === -1 ? jid : jid.slice(0, slash);
}

/** The domain part, in lower case. */
export function domainOf(jid: string): string {
  const bare = bareJid(jid);
  return foldCase(bare.slice(bare.indexOf('@') + 1));
}

/** True for `domain` and `domain/resource`, false for anything with a local part. */
export function isDomain(jid: string): boolean {
  return !bareJid(jid).includes('@');
}

/** Whether two JIDs without resource name the same account. */
export function isSameAccount(a: string, b: string): boolean {
  return foldCase(a) === foldCase(b);
}

/** What two texts have in common that are the same account, domain, device or token: the letters A to Z in lower case. */
export function foldCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
