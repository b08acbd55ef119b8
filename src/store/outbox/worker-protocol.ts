import type { Backlog, OutboxState } from './contract.ts';
import type { OutboxLimits, OutboxTiming } from './limits.ts';

/** One queued push as the file has it. */
export interface QueuedRow {
  readonly id: string;
  readonly app: string;
  readonly node: string;
  /** 1: a call, which overtakes everything else. */
  readonly call: 0 | 1;
  readonly target: string;
  readonly attempts: number;
  readonly storedAtMs: number;
  readonly dueAtMs: number;
  readonly giveUpAtMs: number;
  /** JSON of the push. */
  readonly push: string;
}

/** Writes that must be on the disk before they are answered. */
export interface EnqueueOperation {
  readonly kind: 'enqueue';
  readonly row: QueuedRow;
}

/** Writes that may be lost by a crash: a push is then sent once more, or expires once more. */
export type ChangeOperation =
  | { readonly kind: 'complete'; readonly id: string }
  | { readonly kind: 'reschedule'; readonly id: string; readonly dueAtMs: number; readonly attempts: number }
  | { readonly kind: 'remove-node'; readonly node: string }
  | { readonly kind: 'expire'; readonly nowMs: number; readonly limit: number };

export type ReadOperation =
  | {
      readonly kind: 'lease';
      readonly app: string;
      readonly nowMs: number;
      readonly limit: number;
      readonly of: 'all' | 'calls';
    }
  | { readonly kind: 'stats' };

export type Operation = EnqueueOperation | ChangeOperation | ReadOperation;

export type Result =
  | { readonly kind: 'failed' }
  | { readonly kind: 'enqueue'; readonly outcome: 'stored' | 'full' }
  | { readonly kind: 'changed'; readonly count: number }
  | { readonly kind: 'leased'; readonly rows: readonly QueuedRow[]; readonly nextDueAtMs?: number }
  | { readonly kind: 'stats'; readonly byApp: ReadonlyMap<string, Backlog> };

/** Pushes that left the store without having been sent; also a metric label. */
export interface Dropped {
  readonly app: string;
  readonly cause: 'outbox-replaced' | 'outbox-expired' | 'outbox-removed';
  readonly count: number;
}

/** Something about the file that an operator must hear of. */
export type Incident =
  /** It was damaged; it was set aside and as many of its pushes as possible were taken over. */
  | { readonly kind: 'damaged'; readonly keptAs: string; readonly saved: number }
  /** Somebody moved or deleted it while it was in use. */
  | { readonly kind: 'moved' };

export interface Batch {
  readonly kind: 'batch';
  readonly operations: readonly Operation[];
  /** Ids that leases pass over. */
  readonly leased: ReadonlySet<string>;
}

/** To the thread. */
export type Request = Batch | { readonly kind: 'close' };

export interface BatchReply {
  readonly kind: 'batch';
  /** One for each operation, in their order. */
  readonly results: readonly Result[];
  readonly dropped: readonly Dropped[];
  readonly state: OutboxState;
  readonly incidents: readonly Incident[];
}

/** The first word of the thread. */
export type Opening =
  | { readonly kind: 'opened'; readonly state: OutboxState; readonly incidents: readonly Incident[] }
  /** The file is not ours to use. */
  | { readonly kind: 'refused'; readonly message: string; readonly hint: string };

/** From the thread. */
export type Reply = Opening | BatchReply;

export interface ThreadData {
  readonly path: string;
  /** Tells one opening of the outbox from all others; the same for each thread that serves it. */
  readonly run: number;
  readonly limits: OutboxLimits;
  readonly timing: Pick<OutboxTiming, 'lockWaitMs' | 'longestPauseMs'>;
}
