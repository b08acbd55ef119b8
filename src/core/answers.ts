/**
 * The whole of what an XMPP server may be told about a publish. Only these are understood as meant by all servers:
 * `wait` with `internal-server-error` or `bad-request` keeps the registration everywhere, `cancel` with `item-not-found`
 * drops it everywhere.
 */
export type Answer = 'result' | 'item-not-found' | 'internal-server-error' | 'bad-request' | 'forbidden';

/** What became of a notification, or of a publish that was none. */
export type Outcome =
  /** The provider accepted the push, in this form or another. */
  | 'sent'
  /** In the outbox, durably. */
  | 'queued'
  /** A newer or an earlier push of the same registration stands for it. */
  | 'coalesced'
  /** The provider takes it in no form, and the registration is healthy. */
  | 'payload-rejected'
  /** It is to be sent later, and the outbox is full or does not answer. */
  | 'not-queued'
  /** Our key, topic, project or config is wrong, or has to be taken for wrong until an operator decides. */
  | 'misconfigured'
  /** The publishing server or account has had its share. */
  | 'rate-limited'
  /** The app or the convention of the registration is not known here. */
  | 'unknown-app'
  /** The registry does not answer. */
  | 'store-failed'
  /** It took too long, or came while the link was drained. */
  | 'timed-out'
  /** The node is ours, or may be, and its registration is not in the store: the client or a backup brings it back. */
  | 'lost'
  /** The provider says that the device token is dead; the registration was removed. */
  | 'gone'
  /** No such registration: it was removed, or the node never was ours. */
  | 'unknown-node'
  /** Not the server of the registered account, nor its bare JID. */
  | 'wrong-publisher'
  /** The registration has a secret and the publish-options did not carry it. */
  | 'wrong-secret'
  /** No notification can be made of the publish. */
  | 'malformed';

/** The one table from what happened to what the XMPP server hears. */
export const answers: Readonly<Record<Outcome, Answer>> = {
  sent: 'result',
  queued: 'result',
  coalesced: 'result',
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
