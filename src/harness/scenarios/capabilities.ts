/**
 * What a push app server must be able to do, in the order in which reports list it. A run is green only if every one that
 * the component claims, or that was asked for, was played and held.
 */
export interface Capability {
  /** The row of a report. */
  readonly title: string;
  /** What must be so. */
  readonly about: string;
}

export const capabilities = {
  discovery: { title: 'Discovery', about: 'disco#info shows a push service and the provider ids of its apps' },
  registering: { title: 'Registering', about: 'the clients of the convention can read the answer to their command' },
  'registering-again': {
    title: 'Registering again',
    about: 'a device that registers again, or with new tokens, is reached by its new registration',
  },
  unregistering: { title: 'Unregistering', about: 'a device that left gets nothing more, and its server is told' },
  'sealed-alert': {
    title: 'Sealed messages',
    about: 'ciphertext and IV reach the device as they were published, in a push that the app may open',
  },
  'sealed-call': { title: 'Sealed calls', about: 'a call rings through PushKit, or as data of high priority' },
  'call-end': { title: 'End of a call', about: 'the ringing stops, and never by a PushKit push' },
  omemo: { title: 'OMEMO data', about: 'sealed payloads that hold OMEMO data come through whole' },
  plain: { title: 'Messages in clear', about: 'servers that do not seal are served as well' },
  clearing: { title: 'Read elsewhere', about: 'notifications of messages that were read elsewhere are cleared' },
  quiet: { title: 'Unimportant events', about: 'chat states and receipts show nothing to the user' },
  size: { title: 'Size', about: 'what fits max-payload-size arrives whole; what does not is not lost in silence' },
  addressing: { title: 'The right device', about: 'each push goes to the device of its node, and to no other' },
  publisher: { title: 'Publisher check', about: 'nobody but the server of the account makes its devices ring' },
  malformed: { title: 'Malformed publishes', about: 'no phone crashes, and no registration is lost by them' },
  'unknown-node': { title: 'Unknown nodes', about: 'the server is told to forget a node that nobody was given' },
  'dead-token': { title: 'Dead tokens', about: 'the server is told of a device that the provider calls dead' },
  'provider-later': {
    title: 'Provider unavailable',
    about: 'no device is lost by it, and nothing that was answered with result stays away',
  },
  'provider-refuses-us': {
    title: 'Provider refuses the app server',
    about: 'no device pays for a wrong key, topic or project of the app server',
  },
  'payload-refused': { title: 'Payload refused', about: 'one refused payload costs no registration' },
  'second-token': { title: 'Dead PushKit token', about: 'it ends calls through PushKit, and nothing else' },
} as const satisfies Record<string, Capability>;

export type CapabilityName = keyof typeof capabilities;
