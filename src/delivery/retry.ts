import { backoffMs } from '../time/backoff.ts';
import type { Clock, Random } from '../time/clock.ts';
import type { Addressed, Dispatcher } from './dispatch.ts';
import type { RateLimits } from './rate-limits.ts';
import { type AppSender, overloaded } from '../sending/app-sender.ts';
import type { Lookup } from './lookup.ts';
import type { Outbox, OwedPush } from '../store/outbox/contract.ts';
import type { Push, PushKind } from '../core/push.ts';
import type { Registration } from '../core/registration.ts';
import { callAlertRoute, callLifetimeMs, isCall } from '../core/routing.ts';
import { errorCode, type Log, throttle } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/**
 * Owed pushes sent per second and app. Below what one APNs connection takes with ease, so that the backlog of an outage
 * neither crowds out what comes in nor looks like an attack.
 */
export const redeliveriesPerSecond = 200;

const complainEveryMs = 60_000;

/** How often the budget of a second is handed out in parts, milliseconds. */
const tickMs = 100;

/** How often the backlog is measured and what expired is cleared away, milliseconds. */
const sweepMs = 10_000;

/** Time for one owed push from look-up to outcome, milliseconds. */
const dispatchWithinMs = 15_000;

/** Devices beyond their share that are remembered; more of them only cost more claims. */
const queuedLimit = 10_000;
/** Places that one of them waits for at most: no more is owed to it. */
const longestQueue = 20;

/** The bounds of the pause before an attempt, for `backoffMs`: a call is over after half a minute. */
export function retryPause(push: { readonly kind: PushKind }): { readonly baseMs: number; readonly capMs: number } {
  return isCall(push) ? { baseMs: 1_000, capMs: 4_000 } : { baseMs: 2_000, capMs: 300_000 };
}

export interface RetrySchedulerOptions {
  readonly registry: Pick<Lookup, 'find' | 'wasRemoved'>;
  readonly appSenders: ReadonlyMap<string, AppSender>;
  readonly dispatcher: Dispatcher;
  readonly outbox: Outbox;
  readonly shares: Pick<RateLimits, 'pushDelay' | 'pushEveryMs'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly perSecond?: number;
}

/** Sends what is owed, at a limited rate, calls first, then the newest. */
export interface RetryScheduler {
  /** Begins with what an earlier process left behind. */
  start(): void;
  /** A push falls due then, milliseconds since 1970. */
  expect(push: Pick<Push, 'app' | 'kind'>, dueAtMs: number): void;
  /** Claims nothing more; resolves when what was claimed is decided. */
  drain(): Promise<void>;
}

interface Line {
  readonly appSender: AppSender;
  /** Earliest time to claim again; undefined: when told. */
  dueAtMs: number | undefined;
  /** No call is owed from then on, as far as is known. */
  callsUntilMs: number;
  busy: number;
  claiming: boolean;
}

export function createRetryScheduler(options: RetrySchedulerOptions): RetryScheduler {
  const { registry, appSenders, dispatcher, outbox, shares, clock, random, log, metrics } = options;
  const perTick = Math.max(1, Math.round(((options.perSecond ?? redeliveriesPerSecond) * tickMs) / 1000));
  const lines = new Map<string, Line>();
  for (const [name, appSender] of appSenders) {
    lines.set(name, { appSender, dueAtMs: undefined, callsUntilMs: 0, busy: 0, claiming: false });
  }
  /** By node, when the last of its pushes that wait for their share is due. */
  const queued = new Map<string, number>();
  const mayComplain = throttle(complainEveryMs, clock);
  const underway = new Set<Promise<void>>();
  let cancelTick = () => {};
  let cancelSweep = () => {};
  let stopped = false;

  function tick(): void {
    cancelTick = clock.after(tickMs, tick);
    for (const line of lines.values()) if (isDue(line)) track(serve(line));
  }

  function isDue({ dueAtMs, claiming }: Line): boolean {
    return !claiming && dueAtMs !== undefined && dueAtMs <= outbox.now();
  }

  async function serve(line: Line): Promise<void> {
    const { limit, of } = allowance(line);
    if (limit === 0) return;
    line.claiming = true;
    line.dueAtMs = undefined;
    const { pushes, nextDueAtMs } = await outbox.claim(line.appSender.app.name, outbox.now(), limit, of);
    line.claiming = false;
    if (nextDueAtMs !== undefined) look(line, nextDueAtMs);
    for (const owed of pushes) track(redeliver(line, owed));
  }

  /**
   * How many may be claimed in this tick, and of which: one as a probe while the provider is spared, a call sooner than
   * others; half of the concurrencyLimit at most, and a tenth of it even where others wait for places.
   */
  function allowance({ appSender, busy, callsUntilMs }: Line): { limit: number; of: 'all' | 'calls' } {
    const { circuit } = appSender;
    if (circuit.kind === 'closed') {
      const { inFlight } = appSender.app;
      const room = Math.max(appSender.free, Math.ceil(inFlight / 10) - busy);
      return { limit: Math.max(0, Math.min(perTick, Math.ceil(inFlight / 2) - busy, room)), of: 'all' };
    }
    if (circuit.kind === 'probing' || busy > 0) return { limit: 0, of: 'all' };
    if (circuit.remainingMs === 0) return { limit: 1, of: 'all' };
    const mayCall = circuit.remainingForCallMs === 0 && outbox.now() < callsUntilMs;
    return { limit: mayCall ? 1 : 0, of: 'calls' };
  }

  async function redeliver(line: Line, owed: OwedPush): Promise<void> {
    const { push, attempts } = owed;
    line.busy += 1;
    try {
      // Stored in times to come: the clock was set back since, while no process ran, and nobody knows how old it is.
      if (isCall(push) && owed.storedAtMs > outbox.now()) {
        conclude(push.app, push.id, 'expired');
        return;
      }
      const registration = await registry.find(push.node, push);
      if (!registration) {
        if (await registry.wasRemoved(push.node)) conclude(push.app, push.id, 'unregistered');
        // It was registered when this was put by, so the store is not the one of then: that may be put right.
        else postpone(owed, attempts + 1, undefined);
        return;
      }
      const delayMs = shares.pushDelay(push.node);
      if (delayMs > 0 && !isCall(push)) {
        const dueAtMs = queueUp(push.node, outbox.now() + delayMs);
        outbox.postpone(push.id, dueAtMs, attempts);
        expect(push, dueAtMs);
        return;
      }
      const leftMs = Math.max(0, owed.giveUpAtMs - outbox.now());
      const addressed = address(owed, registration, leftMs);
      const fate = await dispatcher.dispatch(
        line.appSender,
        registration,
        addressed,
        Math.min(dispatchWithinMs, leftMs),
      );
      if (fate.kind !== 'retry' && fate.kind !== 'misconfigured') {
        conclude(push.app, push.id, fate.kind);
        return;
      }
      const isTried = fate.kind !== 'retry' || fate.reason !== overloaded.reason;
      postpone(owed, isTried ? attempts + 1 : attempts, fate.kind === 'retry' ? fate.afterMs : undefined);
    } catch (error) {
      if (mayComplain())
        log.error({ app: push.app, reason: errorCode(error) }, 'owed pushes fail for a reason of our own');
      postpone(owed, attempts + 1, undefined);
    } finally {
      line.busy -= 1;
    }
  }

  /**
   * When a push of a device beyond its share is to be looked at again: one behind the other, for if all came due for each
   * single place, the claims that they cost would be those of others.
   */
  function queueUp(node: string, earliestMs: number): number {
    const behindMs = (queued.get(node) ?? 0) + shares.pushEveryMs;
    const latestMs = earliestMs + longestQueue * shares.pushEveryMs;
    const dueAtMs = Math.ceil(Math.min(Math.max(earliestMs, behindMs), latestMs));
    queued.delete(node);
    queued.set(node, dueAtMs);
    const [oldest] = queued.keys();
    if (queued.size > queuedLimit && oldest !== undefined) queued.delete(oldest);
    return dueAtMs;
  }

  /**
   * As it is to be sent now: with the time that it has left, should the clock have been set meanwhile; a call whose device
   * has lost its PushKit token as an alert.
   */
  function address({ push, target }: OwedPush, { secondToken }: Registration, leftMs: number): Addressed {
    const endsAtMs = clock.monotonic() + leftMs;
    const expiresAtMs = clock.now() + leftMs;
    if (push.kind === 'voip' && secondToken === undefined) {
      const { kind, content, target: first } = callAlertRoute(push.content);
      return { push: { ...push, kind, content, expiresAtMs }, target: first, endsAtMs };
    }
    return { push: push.expiresAtMs === 0 ? push : { ...push, expiresAtMs }, target, endsAtMs };
  }

  function conclude(app: string, id: string, fate: string): void {
    outbox.settle(id);
    metrics.redelivered.inc({ app, fate });
  }

  function postpone({ push }: OwedPush, attempts: number, afterMs: number | undefined): void {
    const bounds = retryPause(push);
    const pauseMs = backoffMs({ attempt: attempts, random, ...bounds, ...(afterMs !== undefined && { afterMs }) });
    const dueAtMs = Math.ceil(outbox.now() + pauseMs);
    outbox.postpone(push.id, dueAtMs, attempts);
    metrics.redelivered.inc({ app: push.app, fate: 'postponed' });
    expect(push, dueAtMs);
  }

  function expect(push: Pick<Push, 'app' | 'kind'>, dueAtMs: number): void {
    const line = lines.get(push.app);
    if (!line) return;
    look(line, dueAtMs);
    if (isCall(push)) line.callsUntilMs = outbox.now() + callLifetimeMs;
  }

  function look(line: Line, atMs: number): void {
    line.dueAtMs = Math.min(line.dueAtMs ?? Infinity, atMs);
  }

  async function sweep(): Promise<void> {
    cancelSweep = clock.after(sweepMs, () => track(sweep()));
    await outbox.expire(outbox.now());
    const backlogs = await outbox.stats();
    // A store that does not answer is owed no less than before.
    if (!backlogs) return;
    for (const [app, line] of lines) {
      const backlog = backlogs.get(app);
      metrics.outboxDepth.set({ app }, backlog?.depth ?? 0);
      metrics.outboxBytes.set({ app }, backlog?.bytes ?? 0);
      metrics.outboxOldest.set({ app }, Math.floor((backlog?.oldestStoredAtMs ?? 0) / 1000));
      // One that was stored although the answer to that came too late is expected by nobody else.
      if (backlog && !line.claiming) look(line, outbox.now());
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
      for (const line of lines.values()) {
        look(line, outbox.now());
        line.callsUntilMs = outbox.now() + callLifetimeMs;
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
      for (const line of lines.values()) line.dueAtMs = undefined;
      while (underway.size > 0) {
        await Promise.allSettled(underway);
        cancelSweep();
        for (const line of lines.values()) line.dueAtMs = undefined;
      }
    },
  };
}
