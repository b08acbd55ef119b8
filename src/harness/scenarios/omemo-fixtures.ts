/** OMEMO messages as servers see them, always the same: what stands in keys and payload is nothing to a server. */
const key = Buffer.from('the key material, encrypted for one device by a ratchet').toString('base64');
const data = Buffer.from('the body, encrypted with the key material').toString('base64');
const iv = Buffer.from('twelve bytes').toString('base64');
const other = Buffer.from('for somebody else').toString('base64');

export const omemoWords = {
  key,
  data,
  iv,
  axolotl:
    `<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='27183'><key rid='31415'>${other}</key>` +
    `<key prekey='true' rid='1325'>${key}</key><iv>${iv}</iv></header><payload>${data}</payload></encrypted>`,
  /** The account is filled in. */
  version2:
    `<encrypted xmlns='urn:xmpp:omemo:2'><header sid='27183'><keys jid='juliet@capulet.example'>` +
    `<key rid='1325'>${other}</key></keys><keys jid='{account}'><key kex='true' rid='1325'>${key}</key></keys></header>` +
    `<payload>${data}</payload></encrypted>`,
} as const;
