import type { Push } from '../core/push.ts';
import { callLifetimeMs, isCall } from '../core/routing.ts';
import type { TraceSink } from '../core/trace.ts';
import type { Outbox } from '../store/outbox/contract.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { AddressedPush } from './addressed-push.ts';

/** Where a push comes from, when it arrived and when it is due. */
export interface Due {
  /** Domain of the publisher in lower case, among which the retry scheduler is fair. */
  readonly domain: string;
  /** When its notification arrived, in milliseconds since 1970. A call expires half a minute after it. */
  readonly arrivedAtMs: number;
  /** Milliseconds from now until it may be sent. */
  readonly pauseMs: number;
  /** Attempts made so far. */
  readonly attempts: number;
}

/** Stores a push for later, durably. Only if it resolves with true may the server get `result`. */
export type Enqueue = (addressed: AddressedPush, due: Due) => Promise<boolean>;

export interface EnqueueOptions {
  readonly outbox: Pick<Outbox, 'enqueue'>;
  /** Called after a push was stored; `dueAtMs` is in milliseconds since 1970. */
  readonly onQueued: (push: Push, dueAtMs: number) => void;
  readonly trace: TraceSink;
  readonly clock: Pick<Clock, 'now'>;
  readonly metrics: Metrics;
}

/** Makes the function that puts pushes into the outbox. */
export function createEnqueue({ outbox, onQueued, trace, clock, metrics }: EnqueueOptions): Enqueue {
  return async ({ push, target }, { domain, arrivedAtMs, pauseMs, attempts }) => {
    const giveUpAtMs = isCall(push) ? arrivedAtMs + callLifetimeMs : push.expiresAtMs;
    const dueAtMs = Math.ceil(clock.now() + pauseMs);
    const queued = { push, domain, target, attempts, storedAtMs: arrivedAtMs, giveUpAtMs };
    const result = await outbox.enqueue(queued, dueAtMs);
    metrics.queued.inc({ app: push.app, result });
    if (trace.isActive) {
      const { node, app: name } = push;
      trace.add(
        { node, app: name },
        { step: 'queued', waitMs: Math.round(pauseMs), attempts, stored: result === 'stored' },
      );
    }
    if (result !== 'stored') return false;
    onQueued(push, dueAtMs);
    return true;
  };
}
