import type { PushResult } from './push.ts';

/**
 * The whole of what an XMPP server may be told about a publish. Only these are understood as meant by all servers:
 * `wait` with `internal-server-error` keeps the registration everywhere, `cancel` with `item-not-found` drops it
 * everywhere.
 */
export type Answer = 'result' | 'item-not-found' | 'internal-server-error' | 'bad-request' | 'forbidden';

/** How a notification can end: the outcome of its push, or why there was none. */
export type Verdict =
  | PushResult['kind']
  /** No such registration. */
  | 'unknown-node'
  /** The same, but the mass-loss guard takes the fault for ours. */
  | 'held'
  /** Not the server of the registered account, nor its bare JID. */
  | 'wrong-publisher'
  /** The registration has a secret and the publish-options did not carry it. */
  | 'wrong-secret'
  /** A newer or an earlier push of the same registration stands for it. */
  | 'coalesced'
  /** The app of the registration is not in the config. */
  | 'unknown-app'
  /** The publishing server or account has had its share. */
  | 'over-share'
  /** In the outbox, durably. */
  | 'owed'
  /** The registry does not answer. */
  | 'store-failed';

/** The one table from what happened to what the XMPP server hears. */
export const answers: Readonly<Record<Verdict, Answer>> = {
  delivered: 'result',
  refused: 'result',
  coalesced: 'result',
  owed: 'result',
  retry: 'internal-server-error',
  misconfigured: 'internal-server-error',
  'over-share': 'internal-server-error',
  'unknown-app': 'internal-server-error',
  'store-failed': 'internal-server-error',
  held: 'internal-server-error',
  gone: 'item-not-found',
  'unknown-node': 'item-not-found',
  'wrong-publisher': 'forbidden',
  'wrong-secret': 'forbidden',
};
