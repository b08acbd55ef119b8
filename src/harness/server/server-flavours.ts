/** What distinguishes the XMPP servers that publish to a push app server, as data; measured where they can be run. */
import type { EventKind } from './event.ts';
import type { ReactionRule } from './reaction.ts';

export interface Flavour {
  readonly name: 'reference' | 'prosody-13' | 'prosody-0.12' | 'ejabberd' | 'tigase' | 'mongooseim';
  /** Features that disco#info of an account lists (XEP-0357 section 4.1, Encrypted Push Notifications section 4.1). */
  readonly accountFeatures: readonly string[];
  /** `from` of a publish: the domain, or with a resource made of a hash, as Tigase. */
  readonly publisher: 'domain' | 'domain-with-hash';
  readonly ids: 'hex' | 'uuid' | 'ejabberd';
  /** Whether `<encrypt/>` is understood; otherwise it is ignored and summaries go out in clear. */
  readonly seals: boolean;
  readonly omemo: boolean;
  /** `zero`: sixteen NUL bytes stand where the GCM tag belongs. */
  readonly tag: 'valid' | 'zero';
  /** How bodies are kept small: the whole payload within max-size, or only so many bytes of the body. */
  readonly bodyLimit: 'max-size' | { readonly bodyBytes: (maxSizeBytes: number | undefined) => number };
  /** Whether elements about group chats and calls stay in clear beside `<encrypted/>`. */
  readonly clearBesideSealed: boolean;
  /** Events that are marked `type='voip'`. */
  readonly voip: readonly EventKind[];
  /** Events of high priority. */
  readonly important: readonly EventKind[];
  /** Whether `low` is written for all others, and whether priorities are written unasked. */
  readonly priority: 'none' | 'high-unasked' | 'high-and-low-when-asked';
  /** Events that cause a publish. */
  readonly notifies: readonly EventKind[];
  /** The summary form that goes out where nothing is sealed. */
  readonly summary: 'prosody' | 'ejabberd' | 'tigase' | 'mongooseim';
  /** Whether `unread` counts; Prosody always says 1. */
  readonly unread: 'counted' | 'always-one';
  readonly nodeRequired: boolean;
  readonly devicesPerAccount: number;
  /** What an error answer does to a device. */
  readonly reaction: ReactionRule;
  /** Whether a message with affiliation `none` (XEP-0357 section 8) removes the device. */
  readonly obeysRevocation: boolean;
  /** Milliseconds after which an answer is no longer waited for. */
  readonly answerWithinMs: number;
}

const everyEvent: readonly EventKind[] = [
  'message',
  'groupchat',
  'subscription',
  'call-offer',
  'call-end',
  'receipt',
  'chat-state',
  'read-elsewhere',
];

const sealingFeatures = [
  'urn:xmpp:push:0',
  'tigase:push:encrypt:0',
  'tigase:push:encrypt:aes-128-gcm',
  'tigase:push:priority:0',
  'tigase:push:jingle:0',
  'tigase:push:filter:muted:0',
  'tigase:push:filter:groupchat:0',
  'tigase:push:filter:ignore-unknown:0',
];

/** More devices than anybody has; keeps what an account holds bounded. */
const manyDevices = 1000;

/** Both specifications to the letter, with the additions that clients rely on: `type='voip'` and priorities. */
export const reference: Flavour = {
  name: 'reference',
  accountFeatures: [...sealingFeatures, 'tigase:push:encrypt:omemo:0'],
  publisher: 'domain',
  ids: 'hex',
  seals: true,
  omemo: true,
  tag: 'valid',
  bodyLimit: 'max-size',
  clearBesideSealed: false,
  voip: ['call-offer', 'call-end'],
  important: ['message', 'groupchat', 'subscription', 'call-offer'],
  priority: 'high-and-low-when-asked',
  notifies: everyEvent,
  summary: 'tigase',
  unread: 'counted',
  nodeRequired: false,
  devicesPerAccount: manyDevices,
  reaction: { kind: 'not-wait' },
  obeysRevocation: true,
  answerWithinMs: 32_000,
};

/** Prosody 13 with `mod_cloud_notify_encrypted`. */
export const prosody13: Flavour = {
  name: 'prosody-13',
  accountFeatures: sealingFeatures,
  publisher: 'domain',
  ids: 'hex',
  seals: true,
  omemo: false,
  tag: 'valid',
  bodyLimit: { bodyBytes: () => 255 },
  clearBesideSealed: false,
  voip: ['call-offer'],
  important: ['message', 'groupchat', 'call-offer'],
  priority: 'high-unasked',
  notifies: everyEvent.filter((kind) => kind !== 'read-elsewhere'),
  summary: 'prosody',
  unread: 'always-one',
  nodeRequired: false,
  devicesPerAccount: 5,
  reaction: { kind: 'errors-in-a-row', limit: 16 },
  obeysRevocation: false,
  // It waits for ever; harnesses do not.
  answerWithinMs: 60_000,
};

/** Debian's Prosody, where luaossl cannot give the tag. */
export const prosody012: Flavour = { ...prosody13, name: 'prosody-0.12', tag: 'zero' };

/** ejabberd 23 and later: no sealing, hardly any content. */
export const ejabberd: Flavour = {
  name: 'ejabberd',
  accountFeatures: ['urn:xmpp:push:0'],
  publisher: 'domain',
  ids: 'ejabberd',
  seals: false,
  omemo: false,
  tag: 'valid',
  bodyLimit: 'max-size',
  clearBesideSealed: false,
  voip: [],
  important: [],
  priority: 'none',
  notifies: ['message', 'groupchat', 'call-offer', 'call-end', 'receipt'],
  summary: 'ejabberd',
  unread: 'counted',
  nodeRequired: true,
  devicesPerAccount: manyDevices,
  reaction: { kind: 'not-wait' },
  obeysRevocation: false,
  answerWithinMs: 32_000,
};

/** Tigase 8: reckons only the body against max-size, and marks every message about a call as voip. */
export const tigase: Flavour = {
  ...reference,
  name: 'tigase',
  accountFeatures: sealingFeatures,
  publisher: 'domain-with-hash',
  ids: 'uuid',
  omemo: false,
  bodyLimit: { bodyBytes: (maxSizeBytes = 3000) => Math.max(0, Math.floor(((maxSizeBytes - 64) * 6) / 8)) },
  clearBesideSealed: true,
  important: ['message', 'groupchat', 'call-offer'],
  notifies: ['message', 'groupchat', 'call-offer', 'call-end', 'read-elsewhere'],
  nodeRequired: true,
  reaction: {
    kind: 'conditions',
    kept: ['remote-server-timeout', 'service-unavailable', 'internal-server-error', 'bad-request'],
  },
  answerWithinMs: 360_000,
};

/** MongooseIM: no sealing, sender and body in clear. */
export const mongooseim: Flavour = {
  ...ejabberd,
  name: 'mongooseim',
  ids: 'hex',
  notifies: ['message', 'groupchat'],
  summary: 'mongooseim',
  reaction: { kind: 'cancel' },
};

export const flavours: readonly Flavour[] = [reference, prosody13, prosody012, ejabberd, tigase, mongooseim];
