import type { TraceSink } from '../core/trace.ts';
import { backoffMs } from '../time/backoff.ts';
import type { Clock, Random } from '../time/clock.ts';
import type { AddressedPush } from './addressed-push.ts';
import type { Dispatcher } from './dispatch.ts';
import type { RateLimits } from './rate-limits.ts';
import { createDeviceLines } from './device-lines.ts';
import { retryPause } from './retry-pause.ts';
import { logRetry } from './way.ts';
import { type AppSender, overloaded } from '../sending/app-sender.ts';
import type { Lookup } from './lookup.ts';
import type { Outbox, QueuedPush } from '../store/outbox/contract.ts';
import type { Push } from '../core/push.ts';
import type { Registration } from '../core/registration.ts';
import { callAlertRoute, callLifetimeMs, isCall } from '../core/routing.ts';
import { errorCode } from '../telemetry/error-code.ts';
import { type Log, throttle } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/**
 * Queued pushes sent per second and app, so that an outage's backlog neither displaces new pushes nor looks like abuse.
 */
export const redeliveriesPerSecond = 200;

const logEveryMs = 60_000;

/** Milliseconds between two parts of a second's budget. */
const tickMs = 100;

/** Milliseconds between two looks at a shared outbox: other processes announce nothing here, and calls wait. */
const lookEveryMs = 1_000;

/** Milliseconds between two measurements of the backlog; each also removes what has expired. */
const sweepMs = 10_000;

/** Milliseconds for one queued push from lookup to outcome. */
const dispatchWithinMs = 15_000;

export interface RetrySchedulerOptions {
  readonly registry: Pick<Lookup, 'find' | 'readmit'>;
  readonly appSenders: ReadonlyMap<string, AppSender>;
  readonly dispatcher: Dispatcher;
  readonly outbox: Outbox;
  readonly rateLimits: Pick<RateLimits, 'deviceOf' | 'pushDelay' | 'pushEveryMs'>;
  readonly trace: TraceSink;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly perSecond?: number;
  /** Whether other processes put pushes into the outbox too. Default false. */
  readonly isShared?: boolean;
}

/** Sends queued pushes again at a limited rate: calls first, then the newest. */
export interface RetryScheduler {
  /** Starts sending, beginning with the pushes that an earlier process stored in the outbox. */
  start(): void;
  /** To be called after apps came, went or were replaced in `appSenders`. */
  refresh(): void;
  /** Announces a push that is due at this time, in milliseconds since 1970. */
  expect(push: Pick<Push, 'app' | 'kind'>, dueAtMs: number): void;
  /** Stops leasing; resolves when every leased push has its outcome. */
  drain(): Promise<void>;
}

interface RetryQueue {
  appSender: AppSender;
  /** Earliest time for the next lease; undefined: none is planned. */
  dueAtMs: number | undefined;
  /** As far as is known, no call is queued from this time on. */
  callsUntilMs: number;
  busy: number;
  leasing: boolean;
}

export function createRetryScheduler(options: RetrySchedulerOptions): RetryScheduler {
  const { registry, appSenders, dispatcher, outbox, rateLimits, trace, clock, random, log, metrics } = options;
  const perTick = Math.max(1, Math.round(((options.perSecond ?? redeliveriesPerSecond) * tickMs) / 1000));
  const queues = new Map<string, RetryQueue>();
  const deviceLines = createDeviceLines(() => rateLimits.pushEveryMs);
  const mayLog = throttle(logEveryMs, clock);
  const underway = new Set<Promise<void>>();
  let cancelTick = () => {};
  let cancelSweep = () => {};
  let stopped = false;
  let lookAtMs = -Infinity;

  refresh();

  /** Queued pushes of an app that is gone stay in the outbox. */
  function refresh(): void {
    for (const name of queues.keys()) if (!appSenders.has(name)) queues.delete(name);
    for (const [name, appSender] of appSenders) {
      const known = queues.get(name);
      if (known) known.appSender = appSender;
      else queues.set(name, { appSender, dueAtMs: undefined, callsUntilMs: 0, busy: 0, leasing: false });
    }
  }

  function tick(): void {
    cancelTick = clock.after(tickMs, tick);
    if (options.isShared && clock.monotonic() >= lookAtMs) {
      lookAtMs = clock.monotonic() + lookEveryMs;
      for (const queue of queues.values()) if (!queue.leasing) planLease(queue, clock.now());
    }
    for (const queue of queues.values()) if (isDue(queue)) track(serve(queue));
  }

  function isDue({ dueAtMs, leasing }: RetryQueue): boolean {
    return !leasing && dueAtMs !== undefined && dueAtMs <= clock.now();
  }

  async function serve(queue: RetryQueue): Promise<void> {
    const { limit, of } = allowance(queue);
    if (limit === 0) return;
    queue.leasing = true;
    queue.dueAtMs = undefined;
    const { pushes, nextDueAtMs } = await outbox.lease(queue.appSender.app.name, clock.now(), limit, of);
    queue.leasing = false;
    if (nextDueAtMs !== undefined) planLease(queue, nextDueAtMs);
    for (const queued of pushes) track(redeliver(queue, queued));
  }

  /**
   * How many pushes to lease in this tick, and of which kind. While the circuit is open it is one probe, which may be a
   * call sooner than another push. Otherwise it is at most half of the concurrency limit, and a tenth of it even if
   * other pushes wait for places.
   */
  function allowance({ appSender, busy, callsUntilMs }: RetryQueue): { limit: number; of: 'all' | 'calls' } {
    const { circuit } = appSender;
    if (circuit.kind === 'closed') {
      const { inFlight } = appSender.app;
      const room = Math.max(appSender.free, Math.ceil(inFlight / 10) - busy);
      return { limit: Math.max(0, Math.min(perTick, Math.ceil(inFlight / 2) - busy, room)), of: 'all' };
    }
    if (circuit.kind === 'probing' || busy > 0) return { limit: 0, of: 'all' };
    if (circuit.remainingMs === 0) return { limit: 1, of: 'all' };
    const mayCall = circuit.remainingForCallMs === 0 && clock.now() < callsUntilMs;
    return { limit: mayCall ? 1 : 0, of: 'calls' };
  }

  async function redeliver(queue: RetryQueue, queued: QueuedPush): Promise<void> {
    const { push, attempts } = queued;
    queue.busy += 1;
    try {
      // Stored in the future: the clock was set back while no process ran, so the age of the call is unknown.
      if (isCall(push) && queued.storedAtMs > clock.now()) {
        complete(queued, 'expired');
        return;
      }
      const registration = await find(push);
      if (registration === 'removed') {
        complete(queued, 'unregistered');
        return;
      }
      if (registration === 'lost') {
        // It was registered when it was queued, so the store is another one; an operator may still correct that.
        reschedule(queued, attempts + 1, undefined);
        return;
      }
      const delayMs = rateLimits.pushDelay(registration);
      if (delayMs > 0 && !isCall(push)) {
        const dueAtMs = deviceLines.lineUp(rateLimits.deviceOf(registration), clock.now() + delayMs);
        outbox.reschedule(push.id, dueAtMs, attempts);
        expect(push, dueAtMs);
        return;
      }
      if (trace.isActive) trace.add(registration, { step: 'retried', push: push.kind, attempts });
      const leftMs = Math.max(0, queued.giveUpAtMs - clock.now());
      const addressed = address(queued, registration, leftMs);
      const dispatched = await dispatcher.dispatch(
        queue.appSender,
        registration,
        addressed,
        Math.min(dispatchWithinMs, leftMs),
      );
      if (dispatched.kind !== 'retry' && dispatched.kind !== 'misconfigured') {
        complete(queued, dispatched.kind);
        return;
      }
      const isTried = dispatched.kind !== 'retry' || dispatched.reason !== overloaded.reason;
      reschedule(
        queued,
        isTried ? attempts + 1 : attempts,
        dispatched.kind === 'retry' ? dispatched.afterMs : undefined,
      );
    } catch (error) {
      if (mayLog())
        log.error({ app: push.app, reason: errorCode(error) }, 'queued pushes fail because of an error of ours');
      reschedule(queued, attempts + 1, undefined);
    } finally {
      queue.busy -= 1;
    }
  }

  /** Its publisher was allowed to publish when the push was queued. */
  async function find(push: Push): Promise<Registration | 'removed' | 'lost'> {
    const found = await registry.find(push.node, push);
    if (found.kind === 'registered') return found.registration;
    if (found.kind === 'opened') {
      const readmitted = await registry.readmit(found.registration);
      return readmitted === 'full' ? 'lost' : (readmitted ?? 'removed');
    }
    return found.kind === 'removed' ? 'removed' : 'lost';
  }

  /** The push with its remaining lifetime. A VoIP push whose device has lost its PushKit token becomes an alert. */
  function address({ push, target }: QueuedPush, { secondToken }: Registration, leftMs: number): AddressedPush {
    const endsAtMs = clock.monotonic() + leftMs;
    const expiresAtMs = clock.now() + leftMs;
    if (push.kind === 'voip' && secondToken === undefined) {
      const { kind, content, target: first } = callAlertRoute(push.content);
      return { push: { ...push, kind, content, expiresAtMs }, target: first, endsAtMs };
    }
    return { push: push.expiresAtMs === 0 ? push : { ...push, expiresAtMs }, target, endsAtMs };
  }

  function complete({ push }: QueuedPush, outcome: string): void {
    outbox.complete(push.id);
    tell(push, outcome);
    if (trace.isActive) trace.add(push, { step: 'completed', outcome });
  }

  function tell(push: Push, outcome: string, pauseMs?: number): void {
    metrics.retried.inc({ app: push.app, outcome });
    logRetry(log, push, { outcome, pauseMs });
  }

  function reschedule({ push }: QueuedPush, attempts: number, afterMs: number | undefined): void {
    const bounds = retryPause(push);
    const pauseMs = backoffMs({ attempt: attempts, random, ...bounds, ...(afterMs !== undefined && { afterMs }) });
    const dueAtMs = Math.ceil(clock.now() + pauseMs);
    outbox.reschedule(push.id, dueAtMs, attempts);
    tell(push, 'rescheduled', pauseMs);
    if (trace.isActive) trace.add(push, { step: 'queued', waitMs: Math.round(pauseMs), attempts, stored: true });
    expect(push, dueAtMs);
  }

  function expect(push: Pick<Push, 'app' | 'kind'>, dueAtMs: number): void {
    const queue = queues.get(push.app);
    if (!queue) return;
    planLease(queue, dueAtMs);
    if (isCall(push)) queue.callsUntilMs = clock.now() + callLifetimeMs;
  }

  function planLease(queue: RetryQueue, atMs: number): void {
    queue.dueAtMs = Math.min(queue.dueAtMs ?? Infinity, atMs);
  }

  async function sweep(): Promise<void> {
    cancelSweep = clock.after(sweepMs, () => track(sweep()));
    await outbox.expire(clock.now());
    const backlogs = await outbox.stats();
    // The store does not answer; the last figures still hold.
    if (!backlogs) return;
    for (const [app, queue] of queues) {
      const backlog = backlogs.get(app);
      metrics.outboxDepth.set({ app }, backlog?.depth ?? 0);
      metrics.outboxBytes.set({ app }, backlog?.bytes ?? 0);
      if (backlog) metrics.outboxOldest.set({ app }, Math.floor(backlog.oldestStoredAtMs / 1000));
      else metrics.outboxOldest.remove({ app });
      // Finds pushes that were stored although the store's answer came too late, so that nobody announced them.
      if (backlog && !queue.leasing) planLease(queue, clock.now());
    }
  }

  function track(work: Promise<void>): void {
    underway.add(work);
    void work
      .catch((error: unknown) => log.error({ reason: errorCode(error) }, 'the outbox could not be served'))
      .finally(() => underway.delete(work));
  }

  return {
    start() {
      for (const queue of queues.values()) {
        planLease(queue, clock.now());
        queue.callsUntilMs = clock.now() + callLifetimeMs;
      }
      cancelTick = clock.after(tickMs, tick);
      track(sweep());
    },
    refresh,
    expect: (push, dueAtMs) => {
      if (!stopped) expect(push, dueAtMs);
    },
    async drain() {
      stopped = true;
      cancelTick();
      cancelSweep();
      for (const queue of queues.values()) queue.dueAtMs = undefined;
      while (underway.size > 0) {
        await Promise.allSettled(underway);
        cancelSweep();
        for (const queue of queues.values()) queue.dueAtMs = undefined;
      }
    },
  };
}
