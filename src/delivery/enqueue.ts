import type { Push } from '../core/push.ts';
import { callLifetimeMs, isCall } from '../core/routing.ts';
import type { Outbox } from '../store/outbox/contract.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { AddressedPush } from './addressed-push.ts';

/** When a push came and when it is due. */
export interface Due {
  /** When its notification arrived, milliseconds since 1970: a call is over half a minute later. */
  readonly arrivedAtMs: number;
  /** Until it may be sent, milliseconds from now. */
  readonly pauseMs: number;
  /** Attempts made so far. */
  readonly attempts: number;
}

/** Stores a push for later, durably: only when this resolves with true may the server hear that it was taken. */
export type Enqueue = (addressed: AddressedPush, due: Due) => Promise<boolean>;

export interface EnqueueOptions {
  readonly outbox: Pick<Outbox, 'enqueue'>;
  /** Told when a push was stored that falls due then, milliseconds since 1970. */
  readonly onQueued: (push: Push, dueAtMs: number) => void;
  readonly clock: Pick<Clock, 'now'>;
  readonly metrics: Metrics;
}

export function createEnqueue({ outbox, onQueued, clock, metrics }: EnqueueOptions): Enqueue {
  return async ({ push, target }, { arrivedAtMs, pauseMs, attempts }) => {
    const giveUpAtMs = isCall(push) ? arrivedAtMs + callLifetimeMs : push.expiresAtMs;
    const dueAtMs = Math.ceil(clock.now() + pauseMs);
    const result = await outbox.enqueue({ push, target, attempts, storedAtMs: arrivedAtMs, giveUpAtMs }, dueAtMs);
    metrics.queued.inc({ app: push.app, result });
    if (result !== 'stored') return false;
    onQueued(push, dueAtMs);
    return true;
  };
}
