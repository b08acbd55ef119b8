/** What an operator sees who follows a device: every step of the way of its notifications, without content. */
import type { Answer, Outcome } from './answers.ts';
import type { PushContent, PushKind, PushResult } from './push.ts';
import type { NotificationContent, Priority } from './notification.ts';

/** One step. Sizes are bytes, durations milliseconds. */
export type TraceStep =
  /** A publish came in and its node was looked up. */
  | {
      readonly step: 'received';
      /** Domain of the publisher. */
      readonly publisher: string;
      readonly content: NotificationContent['kind'] | 'sealed-call';
      readonly priority?: Priority;
      /** Of the ciphertext in base64, or the texts of a summary; of a text that no provider takes, only the start counts. */
      readonly bytes: number;
      readonly found: 'registered' | 'restored' | 'lost' | 'removed' | 'unknown';
    }
  /** The publisher may publish, with the secret that it has to carry. */
  | { readonly step: 'authorized' }
  /** Which push it becomes, to which token. */
  | {
      readonly step: 'routed';
      readonly push: PushKind;
      readonly target: 'first' | 'second';
      readonly content: PushContent['kind'];
      readonly lifetimeMs: number;
      /** The content was left out, since no provider takes as much. */
      readonly oversize?: true;
    }
  /** It does not leave now: another wake-up of the device stands for it, or the device is beyond its rate limit. */
  | { readonly step: 'held'; readonly why: 'coalesced' | 'rate-limit' }
  /** One attempt at the provider ended; where nothing was sent the reason says so. */
  | {
      readonly step: 'answered';
      readonly push: PushKind;
      readonly result: PushResult['kind'];
      readonly reason?: string;
      readonly environment?: string;
      readonly durationMs: number;
    }
  /** It went into the outbox, or stayed there; `attempts` were made so far. */
  | { readonly step: 'queued'; readonly waitMs: number; readonly attempts: number; readonly stored: boolean }
  /** A queued push is tried again. */
  | { readonly step: 'retried'; readonly push: PushKind; readonly attempts: number }
  /** A queued push left the outbox. */
  | { readonly step: 'completed'; readonly outcome: string }
  /** What became of a publish, and what its server was answered. */
  | { readonly step: 'outcome'; readonly outcome: Outcome; readonly answer: Answer };

/** Whose step it is: what the trace finds it by. */
export interface TraceSubject {
  readonly node: string;
  /** Bare JID, if it is known. */
  readonly account?: string;
  /** Name of the app, if it is known. */
  readonly app?: string;
}

/** Hears the steps. While nobody follows any device, asking `isActive` is all that it costs. */
export interface TraceSink {
  readonly isActive: boolean;
  /** To be called only while it is active. Returns at once and never fails. */
  add(subject: TraceSubject, step: TraceStep): void;
}

/** A sink that nobody listens to. */
export const noTrace: TraceSink = { isActive: false, add: () => {} };

/** A step as it is told: without node, account or token. */
export type TraceEvent = TraceStep & {
  /** ISO 8601. */
  readonly at: string;
  /** Fingerprint of the node, as in the log. */
  readonly device: string;
  readonly app?: string;
};

/** Which devices to follow, and for how long. */
export interface TraceRequest {
  /** Fingerprints of nodes. */
  readonly devices: readonly string[];
  /** Bare JID: all devices of the account, those too that register meanwhile. */
  readonly account?: string;
  /** Milliseconds; at most `longestTraceMs`. */
  readonly forMs: number;
  /** Called with each step. */
  readonly onEvent: (event: TraceEvent) => void;
  /** Called once: the time is over, or the server ends. */
  readonly onEnd: (reason: 'time-over' | 'server-ends') => void;
}

/** A trace that runs. */
export interface RunningTrace {
  /** Steps that were left out, since there were too many in a second. */
  readonly skipped: number;
  /** Ends it; `onEnd` is not called then. */
  stop(): void;
}

/** Follows devices. */
export interface Tracing {
  /** Undefined: as many traces run as may. */
  follow(request: TraceRequest): RunningTrace | undefined;
}

/** Longest that one trace may run, milliseconds. */
export const longestTraceMs = 3_600_000;
