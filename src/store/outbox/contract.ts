import type { Push } from '../../core/push.ts';

/** A push that was accepted from an XMPP server and not yet by a provider. */
export interface QueuedPush {
  readonly push: Push;
  /** Domain of the publisher in lower case; empty if it was not published over XMPP. */
  readonly domain: string;
  readonly target: 'first' | 'second';
  /** Attempts made so far. */
  readonly attempts: number;
  readonly storedAtMs: number;
  /** Time from which it is not sent any more. Calls have one too, although their `push.expiresAtMs` is 0. */
  readonly giveUpAtMs: number;
}

/** Result of leasing. */
export interface Lease {
  /** Calls first. Of one registration the newest first. */
  readonly pushes: readonly QueuedPush[];
  /** When to lease again: when the next push falls due or a lease ends; now if `limit` kept due pushes back. Absent if none is queued. */
  readonly nextDueAtMs?: number;
}

/** Pushes queued for one app, leased ones included; in a shared store, those of all processes as of the last count. */
export interface Backlog {
  readonly depth: number;
  readonly bytes: number;
  readonly oldestStoredAtMs: number;
}

/** What is queued for one device. */
export interface QueueOfDevice {
  readonly pushes: number;
  /** When the next one is tried, or a lease ends, milliseconds since 1970; undefined: none is queued. */
  readonly nextDueAtMs?: number;
}

/** Whether the outbox can store. */
export type OutboxState =
  | { readonly kind: 'working' }
  /** Nothing can be stored at present; the outbox retries by itself. `reason` is one of a limited set of words. */
  | { readonly kind: 'failing'; readonly reason: string };

/**
 * Durable store of queued pushes. Times are milliseconds since 1970 by a clock that never goes back. No promise
 * rejects; the values say what the store could not do.
 */
export interface Outbox {
  /**
   * Stores a push. `stored`: committed, so it survives a crash or power cut; a push with a known `push.id` stays as it
   * was. `full`: a limit is reached. `failed`: not known to be stored, though it may be if the answer came too late.
   */
  enqueue(queued: QueuedPush, dueAtMs: number): Promise<'stored' | 'full' | 'failed'>;
  /**
   * Leases due pushes of one app that are not past their `giveUpAtMs`: calls first, then domains in turn, each in the
   * order in which its pushes fell due, of each registration the newest first. A lease ends by itself after
   * `OutboxTiming.leaseMs`, so that the pushes of a process that died go out. The caller completes or reschedules each
   * push once, before that.
   * @param of `calls` or `all` due pushes; `nextDueAtMs` covers all in either case
   */
  lease(app: string, nowMs: number, limit: number, of?: 'all' | 'calls'): Promise<Lease>;
  /**
   * Removes a push whose outcome is decided. The change is written soon and retried. After a crash before that the push
   * is leased once more; meanwhile it displaces none that was not leased before.
   */
  complete(id: string): void;
  /** Schedules the next attempt, after the longest pause of the store at the latest. Written like `complete`. */
  reschedule(id: string, dueAtMs: number, attempts: number): void;
  /** Removes the queued pushes of a removed registration. Written like `complete`. */
  removeNode(node: string): void;
  /** Removes pushes past their `giveUpAtMs`; resolves with their number. */
  expire(nowMs: number): Promise<number>;
  /** What is queued for one registration. Undefined if the store does not answer. */
  queueOf(node: string): Promise<QueueOfDevice | undefined>;
  /** By app name; apps without queued pushes are absent. Undefined if the store does not answer. */
  stats(): Promise<ReadonlyMap<string, Backlog> | undefined>;
  /** Whether the latest attempt to store succeeded. */
  readonly state: OutboxState;
  /** Writes pending changes, within a time limit. Nothing is stored afterwards. */
  close(): Promise<void>;
}
