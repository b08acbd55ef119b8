import type { Push } from '../../core/push.ts';

/** A push that was accepted from an XMPP server and that no provider has taken yet. */
export interface QueuedPush {
  readonly push: Push;
  readonly target: 'first' | 'second';
  /** Attempts made so far. */
  readonly attempts: number;
  readonly storedAtMs: number;
  /** From then on nobody is to try any more. Calls have one too, although their `push.expiresAtMs` is 0. */
  readonly giveUpAtMs: number;
}

export interface Lease {
  /** Calls first, then the newest. */
  readonly pushes: readonly QueuedPush[];
  /**
   * When to lease again: when the first of the rest falls due; not in the future when `limit` kept some back. Absent when
   * nothing is left but what is leased.
   */
  readonly nextDueAtMs?: number;
}

/** What is queued for one app, leased pushes included. */
export interface Backlog {
  readonly depth: number;
  readonly bytes: number;
  readonly oldestStoredAtMs: number;
}

export type OutboxState =
  | { readonly kind: 'working' }
  /** Nothing can be stored at present; it tries again by itself. `reason` is a word of a bounded set. */
  | { readonly kind: 'failing'; readonly reason: string };

/**
 * Durable store of queued pushes. Times are milliseconds since 1970 by a clock that never goes back. No promise rejects:
 * what the store cannot do just now is said by the value.
 */
export interface Outbox {
  /**
   * `stored`: after the commit; it survives a crash and a power cut, and `push.id` that is there already stays as it was.
   * `full`: a cap is reached. `failed`: not known to be stored (it may be, when the answer of the store was late).
   */
  enqueue(queued: QueuedPush, dueAtMs: number): Promise<'stored' | 'full' | 'failed'>;
  /**
   * Due pushes of one app, none that is past its `giveUpAtMs`. What was leased is not given again until it is rescheduled or
   * this process starts anew; whoever leases completes or reschedules each, once.
   * @param of calls alone, or whatever is due; `nextDueAtMs` is about all in either case
   */
  lease(app: string, nowMs: number, limit: number, of?: 'all' | 'calls'): Promise<Lease>;
  /**
   * Its outcome is decided. Written soon and retried; after a crash before that it is leased once more, and takes no place
   * from what was not leased before.
   */
  complete(id: string): void;
  /** It is to be tried again, at `dueAtMs` or after the longest pause of the store. Written like `complete`. */
  reschedule(id: string, dueAtMs: number, attempts: number): void;
  /** Takes the queued pushes of a removed registration along. Written like `complete`. */
  removeNode(node: string): void;
  /** Removes what is past its `giveUpAtMs`; resolves with how many. */
  expire(nowMs: number): Promise<number>;
  /** By app name; apps without queued pushes are absent. Undefined when the store does not answer. */
  stats(): Promise<ReadonlyMap<string, Backlog> | undefined>;
  /** What became of the latest attempt to store. */
  readonly state: OutboxState;
  /** Writes what is still to be written, closes the file; bounded. Afterwards nothing is stored any more. */
  close(): Promise<void>;
}
