import { createConcurrencyLimit } from './concurrency-limit.ts';
import type { Circuit, CircuitState } from './circuit-breaker.ts';
import { createCircuit } from './circuit-breaker.ts';
import type { Clock, Random } from '../time/clock.ts';
import type { App } from '../core/app.ts';
import type { Device, Provider } from '../providers/provider.ts';
import type { PushResult, Push } from '../core/push.ts';
import { isCall } from '../core/routing.ts';
import { type Log, throttle } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** An attempt is not worth waiting for longer: providers answer within a second or not at all. */
const attemptWithinMs = 10_000;

/** Waiting places per place inside the concurrencyLimit: at a provider's 100 ms, ten rounds are one second of waiting. */
const waitingPerPlace = 10;

/**
 * How long a push waits for a place, milliseconds: a link that has too much unanswered reads no more, and then a provider
 * that hangs would hold up the apps of others. What does not get in is queued in the outbox.
 */
const enterWithinMs = 1_000;

const complainEveryMs = 60_000;

/** One broken connection is no sign of trouble yet. */
const failuresToWarn = 5;

/** So many pushes in a row without one that was accepted: more than a few busy devices, most likely. */
const unclearToWarn = 50;

/** There was no place in the concurrencyLimit: nobody was asked. */
export const overloaded = { kind: 'retry', reason: 'overloaded', scope: 'device' } as const satisfies PushResult;

/** The provider gets probes only, and this push was none: nobody was asked. */
export const circuitOpen = { kind: 'retry', reason: 'circuit-open', scope: 'app' } as const satisfies PushResult;

/** How an app fares with its provider. */
export type AppState =
  | { readonly kind: 'working' }
  | { readonly kind: 'failing'; readonly reason: string; readonly failures: number }
  | { readonly kind: 'misconfigured'; readonly reason: string };

/** One app's way to its provider: nothing that happens in it slows or stops another app. */
export interface AppSender {
  readonly app: App;
  readonly provider: Provider;
  /** One attempt through concurrencyLimit and circuit within `patienceMs`. Never rejects. */
  attempt(push: Push, device: Device, patienceMs: number): Promise<PushResult>;
  readonly state: AppState;
  /** What an operator should do about `misconfigured` for this reason. */
  hintFor(reason: string): string;
  readonly circuit: CircuitState;
  /** Places in the concurrencyLimit that are free. */
  readonly free: number;
}

export interface AppSenderOptions {
  readonly app: App;
  /** Makes the provider, which calls `onReplaced` after its credentials were replaced. */
  readonly connect: (onReplaced: () => void) => Provider;
  readonly clock: Clock;
  /**
   * How far the clock that pushes expire by is ahead of this one, milliseconds: wall time was set back. Providers count by
   * true time. Default: not at all.
   */
  readonly aheadMs?: () => number;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

export function createAppSender({
  app,
  connect,
  clock,
  aheadMs = () => 0,
  random,
  log,
  metrics,
}: AppSenderOptions): AppSender {
  const concurrencyLimit = createConcurrencyLimit({
    width: app.inFlight,
    queueLimit: app.inFlight * waitingPerPlace,
    clock,
  });
  const provider = connect(startAnew);
  const circuit: Circuit = createCircuit({ clock, random, onChange: reportCircuit });
  const mayComplain = throttle(complainEveryMs, clock);
  /** Said of a device, but perhaps true of all: a token of another topic or environment. Until a push is accepted. */
  let suspicion: Extract<PushResult, { kind: 'misconfigured' }> | undefined;
  /** Results in a row that may be about the app, or about as many devices. */
  let unclear = { count: 0, reason: '' };
  let isAnnounced = false;

  metrics.circuitOpen.set({ app: app.name }, 0);

  /** Once when it begins and once when it ends, not for each probe. */
  function reportCircuit(state: CircuitState): void {
    metrics.circuitOpen.set({ app: app.name }, state.kind === 'closed' ? 0 : 1);
    if (state.kind === 'open' && !isAnnounced) {
      isAnnounced = true;
      log.warn({ app: app.name, reason: state.reason }, 'circuit open: the provider gets probes only for a while');
    }
    if (state.kind !== 'closed') return;
    isAnnounced = false;
    log.info({ app: app.name }, 'the provider takes pushes again');
  }

  async function attempt(push: Push, device: Device, patienceMs: number): Promise<PushResult> {
    const endsAtMs = clock.monotonic() + patienceMs;
    const isUrgent = isCall(push);
    if (!(await concurrencyLimit.enter(Math.min(patienceMs, enterWithinMs), isUrgent))) return overloaded;
    metrics.inFlight.inc({ app: app.name });
    try {
      const finish = circuit.begin(isUrgent);
      if (!finish) return unasked();
      const remainingMs = Math.min(attemptWithinMs, Math.max(0, endsAtMs - clock.monotonic()));
      const result = await provider.send(inTrueTime(push), device, remainingMs);
      finish(result);
      note(result);
      return result;
    } finally {
      metrics.inFlight.dec({ app: app.name });
      concurrencyLimit.leave();
    }
  }

  function inTrueTime(push: Push): Push {
    const ahead = push.expiresAtMs === 0 ? 0 : aheadMs();
    return ahead === 0 ? push : { ...push, expiresAtMs: push.expiresAtMs - ahead };
  }

  /** What the provider would say if it were asked: what it said last. */
  function unasked(): PushResult {
    const { lastFailure } = circuit;
    return lastFailure?.kind === 'misconfigured' ? lastFailure : circuitOpen;
  }

  function note(result: PushResult): void {
    metrics.pushes.inc({ app: app.name, result: result.kind });
    if (result.kind === 'misconfigured') complain(result.reason);
    if (result.kind === 'misconfigured' && result.scope !== 'app') suspicion = result;
    else if (result.kind === 'retry' && result.scope === 'unclear') {
      unclear = { count: unclear.count + 1, reason: result.reason };
    } else if (result.kind === 'accepted') forgetDoubts();
  }

  function forgetDoubts(): void {
    suspicion = undefined;
    unclear = { count: 0, reason: '' };
  }

  function complain(reason: string): void {
    if (!mayComplain()) return;
    log.error({ app: app.name, reason, hint: hintFor(reason) }, 'the provider refuses us: the configuration is wrong');
  }

  function hintFor(reason: string): string {
    const advice = provider.explain?.(reason) ?? 'check key, topic, project and environment of this app';
    return `${advice}; no registration is lost meanwhile`;
  }

  /** Our credentials were replaced: what the provider said before no longer counts, and the next push finds out. */
  function startAnew(): void {
    forgetDoubts();
    circuit.probeNow();
  }

  function readState(): AppState {
    const { failures, lastFailure } = circuit;
    const refusal = lastFailure?.kind === 'misconfigured' ? lastFailure : suspicion;
    if (refusal) return { kind: 'misconfigured', reason: refusal.reason };
    if (unclear.count >= unclearToWarn) return { kind: 'failing', reason: unclear.reason, failures: unclear.count };
    if (!lastFailure || failures < failuresToWarn) return { kind: 'working' };
    return { kind: 'failing', reason: lastFailure.reason, failures };
  }

  return {
    app,
    provider,
    attempt,
    hintFor,
    get state() {
      return readState();
    },
    get circuit() {
      return circuit.state;
    },
    get free() {
      return app.inFlight - concurrencyLimit.inside;
    },
  };
}
