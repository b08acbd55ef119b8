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
 * Nor for longer than that second, milliseconds: a link that has too much unanswered reads no more, and then a provider
 * that hangs would hold up the apps of others. What does not get in is owed.
 */
const enterWithinMs = 1_000;

const complainEveryMs = 60_000;

/** A busy device's 429 or one broken connection is no sign of trouble yet. */
const failuresToWarn = 5;

/** There was no place in the concurrencyLimit: nobody was asked. */
export const overloaded = { kind: 'retry', reason: 'overloaded' } as const satisfies PushResult;

/** How an app fares with its provider. */
export type AppState =
  | { readonly kind: 'working' }
  | { readonly kind: 'failing'; readonly reason: string; readonly failures: number }
  | { readonly kind: 'misconfigured'; readonly reason: string };

type Trouble = Extract<PushResult, { kind: 'retry' | 'misconfigured' }>;

/** One app's way to its provider: nothing that happens in it slows or stops another app. */
export interface AppSender {
  readonly app: App;
  readonly provider: Provider;
  /** One attempt through concurrencyLimit and circuit within `patienceMs`. Never rejects. */
  attempt(push: Push, device: Device, patienceMs: number): Promise<PushResult>;
  /** Our credentials were replaced: what the provider said before no longer counts, and the next push finds out. */
  startAnew(): void;
  readonly state: AppState;
  /** What an operator should do about `misconfigured` for this reason. */
  hintFor(reason: string): string;
  readonly circuit: CircuitState;
  /** Places in the concurrencyLimit that are free. */
  readonly free: number;
}

export interface AppSenderOptions {
  readonly app: App;
  readonly provider: Provider;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

export function createAppSender({ app, provider, clock, random, log, metrics }: AppSenderOptions): AppSender {
  const concurrencyLimit = createConcurrencyLimit({
    width: app.inFlight,
    queueLimit: app.inFlight * waitingPerPlace,
    clock,
  });
  const circuit: Circuit = createCircuit({ clock, random, onChange: reportCircuit });
  const mayComplain = throttle(complainEveryMs, clock);
  let failures = 0;
  let trouble: Trouble | undefined;
  /** The same, of what is not about one device. */
  let commonTrouble: Trouble | undefined;
  let isSpared = false;

  metrics.circuitOpen.set({ app: app.name }, 0);

  /** Once when it begins and once when it ends, not for each probe. */
  function reportCircuit(state: CircuitState): void {
    metrics.circuitOpen.set({ app: app.name }, state.kind === 'closed' ? 0 : 1);
    if (state.kind === 'open' && !isSpared) {
      isSpared = true;
      log.warn({ app: app.name, reason: state.reason }, 'the provider is spared for a while');
    }
    if (state.kind !== 'closed') return;
    isSpared = false;
    log.info({ app: app.name }, 'the provider takes pushes again');
  }

  async function attempt(push: Push, device: Device, patienceMs: number): Promise<PushResult> {
    const endsAtMs = clock.monotonic() + patienceMs;
    const isUrgent = isCall(push);
    if (!(await concurrencyLimit.enter(Math.min(patienceMs, enterWithinMs), isUrgent))) return overloaded;
    metrics.inFlight.inc({ app: app.name });
    try {
      const finish = circuit.begin(isUrgent);
      if (!finish) return spared();
      const remainingMs = Math.min(attemptWithinMs, Math.max(0, endsAtMs - clock.monotonic()));
      const outcome = await provider.send(push, device, remainingMs);
      finish(isAboutDevice(outcome) || isUnsent(outcome) ? undefined : outcome, push.node);
      note(outcome);
      return outcome;
    } finally {
      metrics.inFlight.dec({ app: app.name });
      concurrencyLimit.leave();
    }
  }

  /** What the provider would say if it were asked: what it said last. */
  function spared(): PushResult {
    if (commonTrouble?.kind === 'misconfigured') return commonTrouble;
    return { kind: 'retry', reason: 'spared' };
  }

  function note(outcome: PushResult): void {
    metrics.pushes.inc({ app: app.name, outcome: outcome.kind });
    if (outcome.kind === 'misconfigured') complain(outcome.reason);
    if (outcome.kind === 'retry' || outcome.kind === 'misconfigured') {
      if (!isAboutDevice(outcome)) commonTrouble = outcome;
      // Too many for one device is nobody's trouble; a device's token of another topic or environment may be everybody's.
      else if (outcome.kind === 'retry') return;
      failures += 1;
      trouble = outcome;
    } else if (!isUnsent(outcome)) {
      forgive();
    }
  }

  function forgive(): void {
    failures = 0;
    trouble = undefined;
    commonTrouble = undefined;
  }

  function complain(reason: string): void {
    if (!mayComplain()) return;
    log.error({ app: app.name, reason, hint: hintFor(reason) }, 'the provider refuses us: the configuration is wrong');
  }

  function hintFor(reason: string): string {
    const advice = provider.explain?.(reason) ?? 'check key, topic, project and environment of this app';
    return `${advice}; no registration is lost meanwhile`;
  }

  function startAnew(): void {
    forgive();
    circuit.probeNow();
  }

  function readState(): AppState {
    if (!trouble) return { kind: 'working' };
    if (trouble.kind === 'misconfigured') return { kind: 'misconfigured', reason: trouble.reason };
    return failures < failuresToWarn ? { kind: 'working' } : { kind: 'failing', reason: trouble.reason, failures };
  }

  return {
    app,
    provider,
    attempt,
    startAnew,
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

function isAboutDevice(outcome: PushResult): boolean {
  return 'scope' in outcome && outcome.scope === 'device';
}

function isUnsent(outcome: PushResult): boolean {
  return outcome.kind === 'refused' && outcome.unsent === true;
}
