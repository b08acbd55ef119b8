import { randomUUID } from 'node:crypto';
import type { App } from '../../src/core/app.ts';
import type { Outcome } from '../../src/core/answers.ts';
import type { Push } from '../../src/core/push.ts';
import type { Registration } from '../../src/core/registration.ts';
import { noTrace, type TraceSink } from '../../src/core/trace.ts';
import { createDelivery, type Delivery } from '../../src/delivery/deliver.ts';
import { createDispatcher } from '../../src/delivery/dispatch.ts';
import type { Lookup } from '../../src/delivery/lookup.ts';
import { createRateLimits, defaultRateLimits, type RateLimitSettings } from '../../src/delivery/rate-limits.ts';
import { createRetryScheduler, type RetryScheduler } from '../../src/delivery/retry.ts';
import { createGuard } from '../../src/guard/guard.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { type AppSender, createAppSender } from '../../src/sending/app-sender.ts';
import type { Outbox } from '../../src/store/outbox/contract.ts';
import type { Log } from '../../src/telemetry/log.ts';
import type { Metrics } from '../../src/telemetry/metrics.ts';
import { noSpans, type Spans } from '../../src/telemetry/spans.ts';
import { type Clock, neverBack } from '../../src/time/clock.ts';

export interface AssembleOptions {
  readonly app: App;
  /** The provider, whose results a test plays back. */
  readonly provider: Provider;
  readonly registry: Lookup;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<RateLimitSettings>;
  /** Hears every step. Default: nobody does. */
  readonly trace?: TraceSink;
  /** Default: none. */
  readonly spans?: Spans;
  /** Queued pushes sent per second. Default: the scheduler's. */
  readonly perSecond?: number;
  /** Whether other processes use the outbox too. */
  readonly isShared?: boolean;
  /** Called with what became of a notification whose registration is known. */
  readonly onOutcome?: (registration: Registration, outcome: Outcome) => void;
  /** Called instead of the retry scheduler. */
  readonly onQueued?: (push: Push, dueAtMs: number) => void;
}

/** The parts of delivery for one app, assembled as the server does it; every random number is 0.5. */
export function assemble(options: AssembleOptions): {
  readonly appSender: AppSender;
  readonly delivery: Delivery;
  readonly retryScheduler: RetryScheduler;
} {
  const { app, provider, registry, outbox, clock, log, metrics, limits = {}, perSecond, isShared = false } = options;
  const random = () => 0.5;
  const { trace = noTrace, spans = noSpans } = options;
  const forward = neverBack(clock);
  const guard = createGuard({ apps: [app.name], clock, log, metrics });
  const appSender = createAppSender({ app, connect: () => provider, clock, random, log, metrics });
  const appSenders = new Map([[app.name, appSender]]);
  const rateLimits = createRateLimits({ settings: { ...defaultRateLimits, ...limits }, clock });
  const onRemoved = ({ node }: { readonly node: string }) => outbox.removeNode(node);
  const common = { registry, trace, spans, clock: forward, log };
  const dispatcher = createDispatcher({ ...common, guard, onResult: () => {}, onRemoved });
  const parts = { ...common, appSenders, dispatcher, outbox, rateLimits, random, metrics };
  const retryScheduler = createRetryScheduler({ ...parts, isShared, ...(perSecond !== undefined && { perSecond }) });
  const onQueued = options.onQueued ?? retryScheduler.expect;
  const delivery = createDelivery({
    ...parts,
    onQueued,
    onOutcome: options.onOutcome ?? (() => {}),
    onAnswered: () => {},
    randomUuid: randomUUID,
  });
  return { appSender, delivery, retryScheduler };
}
