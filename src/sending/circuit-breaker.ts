import { backoffMs } from '../time/backoff.ts';
import type { Clock, Random } from '../time/clock.ts';
import type { PushResult } from '../core/push.ts';

/** Whether the provider of one app is being called. */
export type CircuitState =
  | { readonly kind: 'closed' }
  /** No calls are made. */
  | {
      readonly kind: 'open';
      /** Reason of the result that opened it or kept it open. */
      readonly reason: string;
      /** Milliseconds until a probe is allowed; 0: the next call is the probe. */
      readonly remainingMs: number;
      /** Like `remainingMs`, for the push of a call, which may probe sooner. */
      readonly remainingForCallMs: number;
    }
  /** One call, the probe, is under way. */
  | { readonly kind: 'probing'; readonly reason: string };

/** A result that counts against the provider or our credentials. */
export type AppFailure = Extract<PushResult, { kind: 'retry' | 'misconfigured' }>;

/** Reports the result of a call that the circuit let through. Only the first report of a call counts. */
export type FinishCall = (result: PushResult) => void;

/**
 * Pauses calls to a provider that fails, so that pushes do not wait for it. There is one circuit per app, since a bad
 * key, topic or project concerns that app alone.
 *
 * Only results of scope `app` count. Results about single devices, however many, neither open nor close it; otherwise
 * whoever registers devices could stop an app for everybody.
 */
export interface Circuit {
  /**
   * Asks to call the provider once; undefined: not now.
   * @param isUrgent whether the push is for a call, which may be the probe sooner
   */
  begin(isUrgent?: boolean): FinishCall | undefined;
  /** The cause of the failures may be removed: the next call is a probe, whatever time is left. */
  probeNow(): void;
  readonly state: CircuitState;
  /** Failures of scope `app` in a row. */
  readonly failures: number;
  /** The last of these failures; undefined if the provider has worked since. */
  readonly lastFailure: AppFailure | undefined;
}

/** Limits of a circuit. Times in milliseconds. */
export interface CircuitLimits {
  /**
   * Failures in a row that open it. If a fifth of all answers is 429, ten in a row happen once in ten million; in an
   * outage they take one round trip. Default 10.
   */
  readonly failures: number;
  /** Longest pause before the first probe. Default 1 s. */
  readonly baseMs: number;
  /** Longest pause between two probes unless the provider asked for more; delays a recovery. Default 60 s. */
  readonly capMs: number;
  /** Longest pause between two probes for the push of a call, which expires after half a minute. Default 5 s. */
  readonly urgentCapMs: number;
  /** Longest pause that a provider may ask for. Default 1 h. */
  readonly longestAfterMs: number;
  /** A probe without a result after this time makes room for another; an attempt takes up to 10 s. Default 30 s. */
  readonly probeWithinMs: number;
}

const circuitLimits: CircuitLimits = {
  failures: 10,
  baseMs: 1_000,
  capMs: 60_000,
  urgentCapMs: 5_000,
  longestAfterMs: 3_600_000,
  probeWithinMs: 30_000,
};

export interface CircuitOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits?: Partial<CircuitLimits>;
  /** Called after each change of `kind`. */
  readonly onChange?: (state: CircuitState) => void;
}

type Phase =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly reason: string; readonly untilMs: number; readonly urgentFromMs: number }
  | { readonly kind: 'probing'; readonly reason: string; readonly sinceMs: number };

/**
 * Starts closed. It opens after `failures` results `retry` or `misconfigured` of scope `app` in a row. It lets one
 * probe through after pauses that grow with full jitter, and never before the time that the provider asked for; the
 * push of a call may probe sooner than others. A result that proves provider and credentials sound (`accepted`,
 * `dead-token`, `payload-rejected`) closes it.
 */
export function createCircuit({ clock, random, limits, onChange }: CircuitOptions): Circuit {
  const { failures, baseMs, capMs, urgentCapMs, longestAfterMs, probeWithinMs } = { ...circuitLimits, ...limits };
  let phase: Phase = { kind: 'closed' };
  let failedInARow = 0;
  let lastFailure: AppFailure | undefined;
  let pauses = 0;
  /** Monotonic time before which the provider asked not to be called. */
  let notBeforeMs = 0;

  const readState = (): CircuitState => {
    if (phase.kind !== 'open') return phase.kind === 'closed' ? phase : { kind: 'probing', reason: phase.reason };
    const { reason, untilMs, urgentFromMs } = phase;
    const until = (ms: number) => Math.max(0, ms - clock.monotonic());
    return { kind: 'open', reason, remainingMs: until(untilMs), remainingForCallMs: until(urgentFromMs) };
  };

  const enter = (next: Phase): void => {
    const changed = next.kind !== phase.kind;
    phase = next;
    if (changed) onChange?.(readState());
  };

  const pause = (reason: string): void => {
    pauses += 1;
    const now = clock.monotonic();
    const afterMs = Math.min(longestAfterMs, Math.max(0, notBeforeMs - now));
    const pauseMs = backoffMs({ attempt: pauses, baseMs, capMs, random, afterMs });
    const urgentFromMs = now + Math.min(pauseMs, afterMs + urgentCapMs);
    enter({ kind: 'open', reason, untilMs: now + pauseMs, urgentFromMs });
  };

  const close = (): void => {
    failedInARow = 0;
    lastFailure = undefined;
    pauses = 0;
    notBeforeMs = 0;
    if (phase.kind !== 'closed') enter({ kind: 'closed' });
  };

  const fail = (failure: AppFailure, begunIn: Phase): void => {
    lastFailure = failure;
    if (failure.kind === 'retry' && failure.afterMs !== undefined) {
      notBeforeMs = Math.max(notBeforeMs, clock.monotonic() + Math.min(failure.afterMs, longestAfterMs));
    }
    // Hundreds of calls may be under way when it opens. Their failures are no news and must not lengthen the pauses.
    if (begunIn !== phase) {
      if (phase.kind === 'open') {
        const { untilMs, urgentFromMs } = phase;
        phase = {
          ...phase,
          untilMs: Math.max(untilMs, notBeforeMs),
          urgentFromMs: Math.max(urgentFromMs, notBeforeMs),
        };
      }
      return;
    }
    failedInARow += 1;
    if (phase.kind === 'probing' || failedInARow >= failures) pause(failure.reason);
  };

  /**
   * A probe whose result does not concern the provider makes room for the next one: at once if nothing was sent,
   * otherwise after the shortest pause, since results about single devices could otherwise remove the pauses.
   */
  const probeAgain = (reason: string, result: PushResult): void => {
    if (result.kind === 'payload-rejected') return openNow(reason);
    const untilMs = clock.monotonic() + baseMs;
    enter({ kind: 'open', reason, untilMs, urgentFromMs: untilMs });
  };

  /** Makes the next call a probe. */
  const openNow = (reason: string): void => {
    const now = clock.monotonic();
    enter({ kind: 'open', reason, untilMs: now, urgentFromMs: now });
  };

  return {
    begin(isUrgent = false) {
      const now = clock.monotonic();
      if (phase.kind === 'open' && now < (isUrgent ? phase.urgentFromMs : phase.untilMs)) return undefined;
      if (phase.kind === 'probing' && now - phase.sinceMs < probeWithinMs) return undefined;
      if (phase.kind !== 'closed') enter({ kind: 'probing', reason: phase.reason, sinceMs: now });
      const begunIn = phase;
      let finished = false;
      return (result) => {
        if (finished) return;
        finished = true;
        if (isAppFailure(result)) fail(result, begunIn);
        else if (provesProvider(result)) close();
        else if (begunIn === phase && phase.kind === 'probing') probeAgain(phase.reason, result);
      };
    },
    probeNow() {
      lastFailure = undefined;
      if (phase.kind === 'open') openNow(phase.reason);
    },
    get state() {
      return readState();
    },
    get failures() {
      return failedInARow;
    },
    get lastFailure() {
      return lastFailure;
    },
  };
}

function isAppFailure(result: PushResult): result is AppFailure {
  return (result.kind === 'retry' || result.kind === 'misconfigured') && result.scope === 'app';
}

/** Whether the provider was asked and its answer proves that it works and accepts our credentials. */
function provesProvider(result: PushResult): boolean {
  if (result.kind === 'retry' || result.kind === 'misconfigured') return false;
  return result.kind !== 'payload-rejected' || result.unsent !== true;
}
