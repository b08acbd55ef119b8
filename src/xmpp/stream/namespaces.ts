/** XML namespaces, each with the specification that defines it. */
export const NS = {
  /** XEP-0114. */
  component: 'jabber:component:accept',
  /** RFC 6120 section 4.8.2: streams of clients and of other servers. */
  client: 'jabber:client',
  server: 'jabber:server',
  /** RFC 6120 section 4.8.1. */
  stream: 'http://etherx.jabber.org/streams',
  /** RFC 6120 section 4.9.2. */
  streamErrors: 'urn:ietf:params:xml:ns:xmpp-streams',
  /** RFC 6120 section 8.3.2. */
  stanzaErrors: 'urn:ietf:params:xml:ns:xmpp-stanzas',
  /** XEP-0004. */
  form: 'jabber:x:data',
  /** XEP-0030. */
  discoInfo: 'http://jabber.org/protocol/disco#info',
  discoItems: 'http://jabber.org/protocol/disco#items',
  /** XEP-0050. */
  commands: 'http://jabber.org/protocol/commands',
  /** XEP-0060. */
  pubsub: 'http://jabber.org/protocol/pubsub',
  pubsubOwner: 'http://jabber.org/protocol/pubsub#owner',
  pubsubErrors: 'http://jabber.org/protocol/pubsub#errors',
  pubsubPublish: 'http://jabber.org/protocol/pubsub#publish',
  publishOptions: 'http://jabber.org/protocol/pubsub#publish-options',
  accessWhitelist: 'http://jabber.org/protocol/pubsub#access-whitelist',
  publishOnlyAffiliation: 'http://jabber.org/protocol/pubsub#publish-only-affiliation',
  /** XEP-0092. */
  version: 'jabber:iq:version',
  /** XEP-0199. */
  ping: 'urn:xmpp:ping',
  /** XEP-0357. */
  push: 'urn:xmpp:push:0',
  pushSummary: 'urn:xmpp:push:summary',
  /** Tigase, "Encrypted Push Notifications". */
  encrypt: 'tigase:push:encrypt:0',
  encryptAes128Gcm: 'tigase:push:encrypt:aes-128-gcm',
  /** Tigase, "Priority of Push Notifications". */
  priority: 'tigase:push:priority:0',
  /** Tigase: nickname of a group chat message, beside the summary. */
  offlineGroupchat: 'http://tigase.org/protocol/muc#offline',
} as const;
