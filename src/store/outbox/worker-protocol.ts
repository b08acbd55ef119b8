import type { Backlog, OutboxState } from './contract.ts';
import type { OutboxLimits, OutboxTiming } from './limits.ts';

/** A queued push as stored in the file. */
export interface QueuedRow {
  readonly id: string;
  readonly app: string;
  readonly node: string;
  /** 1: a call, which precedes everything else. */
  readonly call: 0 | 1;
  readonly target: string;
  readonly attempts: number;
  readonly storedAtMs: number;
  readonly dueAtMs: number;
  readonly giveUpAtMs: number;
  /** JSON of the push. */
  readonly push: string;
}

/** A write that is on the disk before it is answered. */
export interface EnqueueOperation {
  readonly kind: 'enqueue';
  readonly row: QueuedRow;
}

/** Writes that a crash may undo; the push is then sent, or expires, once more. */
export type ChangeOperation =
  | { readonly kind: 'complete'; readonly id: string }
  | { readonly kind: 'reschedule'; readonly id: string; readonly dueAtMs: number; readonly attempts: number }
  | { readonly kind: 'remove-node'; readonly node: string }
  | { readonly kind: 'expire'; readonly nowMs: number; readonly limit: number };

/** Reads of the file. */
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

/** Result of an operation, which is `failed` if it was not done. */
export type Result =
  | { readonly kind: 'failed' }
  | { readonly kind: 'enqueue'; readonly outcome: 'stored' | 'full' }
  | { readonly kind: 'changed'; readonly count: number }
  | { readonly kind: 'leased'; readonly rows: readonly QueuedRow[]; readonly nextDueAtMs?: number }
  | { readonly kind: 'stats'; readonly byApp: ReadonlyMap<string, Backlog> };

/** Pushes removed without having been sent. `cause` is a metric label. */
export interface Dropped {
  readonly app: string;
  readonly cause: 'outbox-replaced' | 'outbox-expired' | 'outbox-removed';
  readonly count: number;
}

/** An event about the file that an operator has to know. */
export type Incident =
  /** The file was damaged. It was renamed, and its readable pushes were copied to a new one. */
  | { readonly kind: 'damaged'; readonly keptAs: string; readonly saved: number }
  /** The file was moved or deleted while in use. */
  | { readonly kind: 'moved' };

/** Operations that the thread executes together. */
export interface Batch {
  readonly kind: 'batch';
  readonly operations: readonly Operation[];
  /** Ids that are not leased again. */
  readonly leased: ReadonlySet<string>;
}

/** Message to the thread. */
export type Request = Batch | { readonly kind: 'close' };

/** Results of a batch. */
export interface BatchReply {
  readonly kind: 'batch';
  /** One per operation, in their order. */
  readonly results: readonly Result[];
  readonly dropped: readonly Dropped[];
  readonly state: OutboxState;
  readonly incidents: readonly Incident[];
}

/** First message of the thread. */
export type Opening =
  | { readonly kind: 'opened'; readonly state: OutboxState; readonly incidents: readonly Incident[] }
  /** The file is not ours to use. */
  | { readonly kind: 'refused'; readonly message: string; readonly hint: string };

/** Message from the thread. */
export type Reply = Opening | BatchReply;

/** Settings that the thread starts with. */
export interface ThreadData {
  readonly path: string;
  /** Differs between openings of the outbox; the same for every thread of one opening. */
  readonly run: number;
  readonly limits: OutboxLimits;
  readonly timing: Pick<OutboxTiming, 'lockWaitMs' | 'longestPauseMs'>;
}
