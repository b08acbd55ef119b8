/**
 * The answers that an XMPP server may get to a publish. Every server understands them alike: `wait` with
 * `internal-server-error` or `bad-request` keeps the registration, `cancel` with `item-not-found` drops it.
 */
export type Answer = 'result' | 'item-not-found' | 'internal-server-error' | 'bad-request' | 'forbidden';

/** What became of a notification, or of a publish that carried none. */
export type Outcome =
  /** The provider accepted the push, if need be in a second form. */
  | 'sent'
  /** The push is in the outbox, durably. */
  | 'queued'
  /** Another push of the same registration is sent in its place. */
  | 'coalesced'
  /** It is not to be shown, and the app wants no push for such notifications. */
  | 'unimportant'
  /** The provider accepts the push in no form; the registration is healthy. */
  | 'payload-rejected'
  /** The push has to be sent later, but the outbox is full or does not answer. */
  | 'not-queued'
  /** Our key, topic, project or config is wrong, or counts as wrong until an operator decides. */
  | 'misconfigured'
  /** The publishing server or account is over its rate limit. */
  | 'rate-limited'
  /** The registration's app is not in the config, or its convention is not known to this version. */
  | 'unknown-app'
  /** The registry failed. */
  | 'store-failed'
  /** The answer took too long, or the server ended before there was one. */
  | 'timed-out'
  /** The node is ours, or may be, but its registration is not in the store; a client or a backup restores it. */
  | 'lost'
  /** The provider says that the device token is dead, so the registration was removed. */
  | 'gone'
  /** There is no such registration: it was removed, or the node was never ours. */
  | 'unknown-node'
  /** The publisher is neither the server of the registered account nor its bare JID. */
  | 'wrong-publisher'
  /** The registration has a secret, and the publish-options lack it. */
  | 'wrong-secret'
  /** The publish contains no valid notification. */
  | 'malformed';

/** The only table from outcomes to answers. */
export const answers: Readonly<Record<Outcome, Answer>> = {
  sent: 'result',
  queued: 'result',
  coalesced: 'result',
  unimportant: 'result',
  'payload-rejected': 'result',
  'not-queued': 'internal-server-error',
  misconfigured: 'internal-server-error',
  'rate-limited': 'internal-server-error',
  'unknown-app': 'internal-server-error',
  'store-failed': 'internal-server-error',
  'timed-out': 'internal-server-error',
  lost: 'internal-server-error',
  gone: 'item-not-found',
  'unknown-node': 'item-not-found',
  'wrong-publisher': 'forbidden',
  'wrong-secret': 'forbidden',
  malformed: 'bad-request',
};
