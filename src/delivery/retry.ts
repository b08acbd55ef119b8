import { backoffMs } from '../time/backoff.ts';
import type { Clock, Random } from '../time/clock.ts';
import type { AddressedPush } from './addressed-push.ts';
import type { Dispatcher } from './dispatch.ts';
import type { RateLimits } from './rate-limits.ts';
import { retryPause } from './retry-pause.ts';
import { type AppSender, overloaded } from '../sending/app-sender.ts';
import type { Lookup } from './lookup.ts';
import type { Outbox, QueuedPush } from '../store/outbox/contract.ts';
import type { Push } from '../core/push.ts';
import type { Registration } from '../core/registration.ts';
import { callAlertRoute, callLifetimeMs, isCall } from '../core/routing.ts';
import { errorCode, type Log, throttle } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/**
 * Queued pushes sent per second and app. Below what one APNs connection takes with ease, so that the backlog of an outage
 * neither crowds out what comes in nor looks like an attack.
 */
export const redeliveriesPerSecond = 200;

const complainEveryMs = 60_000;

/** How often the budget of a second is handed out in parts, milliseconds. */
const tickMs = 100;

/** How often the backlog is measured and what expired is cleared away, milliseconds. */
const sweepMs = 10_000;

/** Time for one queued push from look-up to outcome, milliseconds. */
const dispatchWithinMs = 15_000;

/** Devices beyond their share that are remembered; more of them only cost more leases. */
const rememberedDevices = 10_000;
/** Places that a push waits for at most: an hour of them. A device may be registered many times over. */
const longestQueue = 3_600;

export interface RetrySchedulerOptions {
  readonly registry: Pick<Lookup, 'find' | 'readmit'>;
  readonly appSenders: ReadonlyMap<string, AppSender>;
  readonly dispatcher: Dispatcher;
  readonly outbox: Outbox;
  readonly rateLimits: Pick<RateLimits, 'deviceOf' | 'pushDelay' | 'pushEveryMs'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly perSecond?: number;
}

/** Sends what is queued, at a limited rate, calls first, then the newest. */
export interface RetryScheduler {
  /** Begins with what an earlier process left behind. */
  start(): void;
  /** A push falls due then, milliseconds since 1970. */
  expect(push: Pick<Push, 'app' | 'kind'>, dueAtMs: number): void;
  /** Claims nothing more; resolves when what was leased is decided. */
  drain(): Promise<void>;
}

interface RetryQueue {
  readonly appSender: AppSender;
  /** Earliest time to lease again; undefined: when told. */
  dueAtMs: number | undefined;
  /** No call is queued from then on, as far as is known. */
  callsUntilMs: number;
  busy: number;
  leasing: boolean;
}

export function createRetryScheduler(options: RetrySchedulerOptions): RetryScheduler {
  const { registry, appSenders, dispatcher, outbox, rateLimits, clock, random, log, metrics } = options;
  const perTick = Math.max(1, Math.round(((options.perSecond ?? redeliveriesPerSecond) * tickMs) / 1000));
  const queues = new Map<string, RetryQueue>();
  for (const [name, appSender] of appSenders) {
    queues.set(name, { appSender, dueAtMs: undefined, callsUntilMs: 0, busy: 0, leasing: false });
  }
  /** By device, when the last of its pushes that wait for their share is due. */
  const lastDueByDevice = new Map<string, number>();
  const mayComplain = throttle(complainEveryMs, clock);
  const underway = new Set<Promise<void>>();
  let cancelTick = () => {};
  let cancelSweep = () => {};
  let stopped = false;

  function tick(): void {
    cancelTick = clock.after(tickMs, tick);
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
    if (nextDueAtMs !== undefined) look(queue, nextDueAtMs);
    for (const queued of pushes) track(redeliver(queue, queued));
  }

  /**
   * How many may be leased in this tick, and of which: one as a probe while the circuit is open, a call sooner than
   * others; half of the concurrencyLimit at most, and a tenth of it even where others wait for places.
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
      // Stored in times to come: the clock was set back since, while no process ran, and nobody knows how old it is.
      if (isCall(push) && queued.storedAtMs > clock.now()) {
        complete(push.app, push.id, 'expired');
        return;
      }
      const registration = await find(push);
      if (registration === 'removed') {
        complete(push.app, push.id, 'unregistered');
        return;
      }
      if (registration === 'lost') {
        // It was registered when this was queued, so the store is not the one of then: that may be put right.
        reschedule(queued, attempts + 1, undefined);
        return;
      }
      const delayMs = rateLimits.pushDelay(registration);
      if (delayMs > 0 && !isCall(push)) {
        const dueAtMs = queueUp(rateLimits.deviceOf(registration), clock.now() + delayMs);
        outbox.reschedule(push.id, dueAtMs, attempts);
        expect(push, dueAtMs);
        return;
      }
      const leftMs = Math.max(0, queued.giveUpAtMs - clock.now());
      const addressed = address(queued, registration, leftMs);
      const dispatched = await dispatcher.dispatch(
        queue.appSender,
        registration,
        addressed,
        Math.min(dispatchWithinMs, leftMs),
      );
      if (dispatched.kind !== 'retry' && dispatched.kind !== 'misconfigured') {
        complete(push.app, push.id, dispatched.kind);
        return;
      }
      const isTried = dispatched.kind !== 'retry' || dispatched.reason !== overloaded.reason;
      reschedule(
        queued,
        isTried ? attempts + 1 : attempts,
        dispatched.kind === 'retry' ? dispatched.afterMs : undefined,
      );
    } catch (error) {
      if (mayComplain())
        log.error({ app: push.app, reason: errorCode(error) }, 'queued pushes fail for a reason of our own');
      reschedule(queued, attempts + 1, undefined);
    } finally {
      queue.busy -= 1;
    }
  }

  /** Its publisher was allowed to publish when the push was queued. */
  async function find(push: Push): Promise<Registration | 'removed' | 'lost'> {
    const found = await registry.find(push.node, push);
    if (found.kind === 'registered') return found.registration;
    if (found.kind === 'opened') return (await registry.readmit(found.registration)) ?? 'removed';
    return found.kind === 'removed' ? 'removed' : 'lost';
  }

  /**
   * When a push of a device beyond its share is to be looked at again: one behind the other, for if all came due for each
   * single place, the leases that they cost would be those of others.
   */
  function queueUp(device: string, earliestMs: number): number {
    const behindMs = (lastDueByDevice.get(device) ?? 0) + rateLimits.pushEveryMs;
    const latestMs = earliestMs + longestQueue * rateLimits.pushEveryMs;
    const dueAtMs = Math.ceil(Math.min(Math.max(earliestMs, behindMs), latestMs));
    lastDueByDevice.delete(device);
    lastDueByDevice.set(device, dueAtMs);
    const [oldest] = lastDueByDevice.keys();
    if (lastDueByDevice.size > rememberedDevices && oldest !== undefined) lastDueByDevice.delete(oldest);
    return dueAtMs;
  }

  /**
   * As it is to be sent now: with the time that it has left, should the clock have been set meanwhile; a call whose device
   * has lost its PushKit token as an alert.
   */
  function address({ push, target }: QueuedPush, { secondToken }: Registration, leftMs: number): AddressedPush {
    const endsAtMs = clock.monotonic() + leftMs;
    const expiresAtMs = clock.now() + leftMs;
    if (push.kind === 'voip' && secondToken === undefined) {
      const { kind, content, target: first } = callAlertRoute(push.content);
      return { push: { ...push, kind, content, expiresAtMs }, target: first, endsAtMs };
    }
    return { push: push.expiresAtMs === 0 ? push : { ...push, expiresAtMs }, target, endsAtMs };
  }

  function complete(app: string, id: string, outcome: string): void {
    outbox.complete(id);
    metrics.retried.inc({ app, outcome });
  }

  function reschedule({ push }: QueuedPush, attempts: number, afterMs: number | undefined): void {
    const bounds = retryPause(push);
    const pauseMs = backoffMs({ attempt: attempts, random, ...bounds, ...(afterMs !== undefined && { afterMs }) });
    const dueAtMs = Math.ceil(clock.now() + pauseMs);
    outbox.reschedule(push.id, dueAtMs, attempts);
    metrics.retried.inc({ app: push.app, outcome: 'rescheduled' });
    expect(push, dueAtMs);
  }

  function expect(push: Pick<Push, 'app' | 'kind'>, dueAtMs: number): void {
    const queue = queues.get(push.app);
    if (!queue) return;
    look(queue, dueAtMs);
    if (isCall(push)) queue.callsUntilMs = clock.now() + callLifetimeMs;
  }

  function look(queue: RetryQueue, atMs: number): void {
    queue.dueAtMs = Math.min(queue.dueAtMs ?? Infinity, atMs);
  }

  async function sweep(): Promise<void> {
    cancelSweep = clock.after(sweepMs, () => track(sweep()));
    await outbox.expire(clock.now());
    const backlogs = await outbox.stats();
    // A store that does not answer is queued no less than before.
    if (!backlogs) return;
    for (const [app, queue] of queues) {
      const backlog = backlogs.get(app);
      metrics.outboxDepth.set({ app }, backlog?.depth ?? 0);
      metrics.outboxBytes.set({ app }, backlog?.bytes ?? 0);
      metrics.outboxOldest.set({ app }, Math.floor((backlog?.oldestStoredAtMs ?? 0) / 1000));
      // One that was stored although the answer to that came too late is expected by nobody else.
      if (backlog && !queue.leasing) look(queue, clock.now());
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
        look(queue, clock.now());
        queue.callsUntilMs = clock.now() + callLifetimeMs;
      }
      cancelTick = clock.after(tickMs, tick);
      track(sweep());
    },
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
