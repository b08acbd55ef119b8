import { createConcurrencyLimit } from './concurrency-limit.ts';
import type { Circuit, CircuitState } from './circuit-breaker.ts';
import { createCircuit } from './circuit-breaker.ts';
import type { Clock, Random } from '../time/clock.ts';
import type { App } from '../core/app.ts';
import type { Device, OnStatus, Provider } from '../providers/provider.ts';
import { cannotConnect } from '../providers/unconnected.ts';
import type { PushResult, Push } from '../core/push.ts';
import { isCall } from '../core/routing.ts';
import { fingerprint, type Log, throttleEach } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Longest attempt in milliseconds: a provider that does not answer within a few seconds does not answer at all. */
const attemptWithinMs = 10_000;

/** Waiting places per place in the concurrency limit: with answers after 100 ms, ten rounds take one second. */
const waitingPerPlace = 10;

/**
 * Milliseconds that a push waits for a place. A link with too much unanswered stops reading, so a provider that hangs
 * would otherwise delay the apps of others. A push that gets no place goes to the outbox.
 */
const enterWithinMs = 1_000;

const logEveryMs = 60_000;

/**
 * Failures in a row before the app counts as failing; a single broken connection is normal. One for which no connection
 * could be made at all is not.
 */
const failuresToWarn = 5;

/** Unclear results in a row, without success, before the app counts as failing; a few busy devices cause fewer. */
const unclearToWarn = 50;

/** The concurrency limit had no free place, so nothing was sent. */
export const overloaded = { kind: 'retry', reason: 'overloaded', scope: 'device' } as const satisfies PushResult;

/** The circuit is open and this push was not the probe, so nothing was sent. */
const circuitOpen = { kind: 'retry', reason: 'circuit-open', scope: 'app' } as const satisfies PushResult;

/** Whether an app's pushes succeed. */
export type AppState =
  | { readonly kind: 'working' }
  | { readonly kind: 'failing'; readonly reason: string; readonly failures: number }
  | { readonly kind: 'misconfigured'; readonly reason: string };

/** Sends the pushes of one app. Nothing that happens in it slows or stops another app. */
export interface AppSender {
  readonly app: App;
  readonly provider: Provider;
  /**
   * Makes one attempt within `patienceMs`, through the concurrency limit and the circuit. Never rejects.
   * @param onStatus called with the HTTP status of each answer of the provider
   */
  attempt(push: Push, device: Device, patienceMs: number, onStatus?: OnStatus): Promise<PushResult>;
  readonly state: AppState;
  /** What an operator should do about failures with this reason. */
  hintFor(reason: string): string;
  readonly circuit: CircuitState;
  /** Free places in the concurrency limit. */
  readonly free: number;
  /**
   * Ends the attempts under way at this moment as if their time were over, for a process that ends. Attempts that begin
   * afterwards end `graceMs` from now at the latest, at once if they begin later. The results are `retry`.
   */
  hurry(graceMs: number): void;
  /** Shows the circuit in the metrics: this sender is in use from now on. */
  announce(): void;
  /** Shows and logs nothing of the circuit any more: another sender has the app, or nobody. */
  retire(): void;
}

export interface AppSenderOptions {
  readonly app: App;
  /** Makes the provider, which calls `onReplaced` after its credentials were replaced. */
  readonly connect: (onReplaced: () => void) => Provider;
  readonly clock: Clock;
  /** How far the clock for expiry is ahead of true time, by which providers count, in milliseconds. Default 0. */
  readonly aheadMs?: () => number;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Makes the app's provider and starts with a closed circuit. */
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
  const provider = connect(resetAfterReplacement);
  const circuit: Circuit = createCircuit({ clock, random, onChange: reportCircuit });
  const mayLog = throttleEach(logEveryMs, clock);
  const mayAnnounce = throttleEach(logEveryMs, clock);
  /** A failure was logged, and no push was accepted since. */
  let isFailing = false;
  /** A refusal of one device that may concern all of them (wrong topic or environment), until a push is accepted. */
  let suspicion: Extract<PushResult, { kind: 'misconfigured' }> | undefined;
  /** Results in a row that may concern the app, or only many devices. */
  let unclear = { count: 0, reason: '' };
  /** Monotonic time at which every attempt ends. */
  let latestMs = Infinity;
  let isAnnounced = false;
  let isRetired = false;

  /** Logs when an outage begins, once a minute at most for each reason, and when it ends; not each probe. */
  function reportCircuit(state: CircuitState): void {
    // Another sender tells of the app.
    if (isRetired) return;
    metrics.circuitOpen.set({ app: app.name }, state.kind === 'closed' ? 0 : 1);
    if (state.kind === 'open' && !isAnnounced && mayAnnounce(state.reason)) {
      isAnnounced = true;
      const { reason } = state;
      log.warn(
        { app: app.name, reason, hint: hintFor(reason) },
        'circuit open: the provider gets probes only for a while',
      );
    }
    if (state.kind !== 'closed' || !isAnnounced) return;
    isAnnounced = false;
    isFailing = false;
    log.info({ app: app.name }, 'circuit closed: the provider accepts pushes again');
  }

  /** For attempts that begin while `debug` is logged. */
  async function attemptLogged(push: Push, device: Device, patienceMs: number, onStatus?: OnStatus) {
    const startedAtMs = clock.monotonic();
    const result = await attempt(push, device, patienceMs, onStatus);
    logAttempt(push, result, clock.monotonic() - startedAtMs);
    return result;
  }

  function logAttempt({ id, node, kind: push }: Push, result: PushResult, durationMs: number): void {
    const fields = {
      ...{ app: app.name, registration: fingerprint(node), push, id, result: result.kind },
      ...('reason' in result && { reason: result.reason }),
      durationMs: Math.round(durationMs),
    };
    log.debug(fields, 'a push was attempted');
  }

  async function attempt(push: Push, device: Device, patienceMs: number, onStatus?: OnStatus): Promise<PushResult> {
    const endsAtMs = clock.monotonic() + patienceMs;
    const isUrgent = isCall(push);
    const entered = concurrencyLimit.enter(Math.min(patienceMs, enterWithinMs), isUrgent);
    if (!(entered === true || (await entered))) return overloaded;
    metrics.inFlight.inc({ app: app.name });
    try {
      const finish = circuit.begin(isUrgent);
      if (!finish) return resultWithoutSending();
      const leftMs = Math.min(endsAtMs, latestMs) - clock.monotonic();
      const remainingMs = Math.min(attemptWithinMs, Math.max(0, leftMs));
      const result = await provider.send(withTrueExpiry(push), device, remainingMs, onStatus);
      finish(result);
      record(result);
      return result;
    } finally {
      metrics.inFlight.dec({ app: app.name });
      concurrencyLimit.leave();
    }
  }

  function withTrueExpiry(push: Push): Push {
    const ahead = push.expiresAtMs === 0 ? 0 : aheadMs();
    return ahead === 0 ? push : { ...push, expiresAtMs: push.expiresAtMs - ahead };
  }

  /** What the provider would probably say: its last refusal, if there is one. */
  function resultWithoutSending(): PushResult {
    const { lastFailure } = circuit;
    return lastFailure?.kind === 'misconfigured' ? lastFailure : circuitOpen;
  }

  function record(result: PushResult): void {
    metrics.pushes.inc({ app: app.name, result: result.kind });
    if (result.kind === 'misconfigured') reportMisconfigured(result.reason);
    if (result.kind === 'retry' && result.scope === 'app') reportFailing(result.reason);
    if (result.kind === 'accepted') reportWorking();
    if (result.kind === 'misconfigured' && result.scope !== 'app') suspicion = result;
    else if (result.kind === 'retry' && result.scope === 'unclear') {
      unclear = { count: unclear.count + 1, reason: result.reason };
    } else if (result.kind === 'accepted') forgetSuspicions();
  }

  function forgetSuspicions(): void {
    suspicion = undefined;
    unclear = { count: 0, reason: '' };
  }

  function reportMisconfigured(reason: string): void {
    if (!mayLog(reason)) return;
    log.error({ app: app.name, reason, hint: hintFor(reason) }, 'the provider refuses us: the configuration is wrong');
  }

  function reportFailing(reason: string): void {
    if (!mayLog(reason)) return;
    isFailing = true;
    log.warn({ app: app.name, reason, hint: hintFor(reason) }, 'a push failed and will be sent again');
  }

  function reportWorking(): void {
    if (!isFailing) return;
    isFailing = false;
    log.info({ app: app.name }, 'the provider accepts pushes again');
  }

  function hintFor(reason: string): string {
    const advice = provider.explain?.(reason) ?? 'check key, topic, project and environment of this app';
    return `${advice}; no registration is lost meanwhile`;
  }

  /** Credentials were replaced: earlier refusals no longer count, and the next push is a probe. */
  function resetAfterReplacement(): void {
    forgetSuspicions();
    circuit.probeNow();
  }

  function readState(): AppState {
    const { failures, lastFailure } = circuit;
    const refusal = lastFailure?.kind === 'misconfigured' ? lastFailure : suspicion;
    if (refusal) return { kind: 'misconfigured', reason: refusal.reason };
    if (unclear.count >= unclearToWarn) return { kind: 'failing', reason: unclear.reason, failures: unclear.count };
    if (!lastFailure || (failures < failuresToWarn && !cannotConnect(lastFailure.reason))) return { kind: 'working' };
    return { kind: 'failing', reason: lastFailure.reason, failures };
  }

  return {
    app,
    provider,
    attempt(push, device, patienceMs, onStatus) {
      const make = log.isLevelEnabled('debug') ? attemptLogged : attempt;
      return make(push, device, patienceMs, onStatus);
    },
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
    hurry(graceMs) {
      latestMs = clock.monotonic() + graceMs;
      provider.hurry();
    },
    announce: () => metrics.circuitOpen.set({ app: app.name }, circuit.state.kind === 'closed' ? 0 : 1),
    retire() {
      isRetired = true;
    },
  };
}
