import { backoffMs } from '../time/backoff.ts';
import type { Clock, Random } from '../time/clock.ts';
import type { PushResult } from '../core/push.ts';

/** Whether the provider of one app is called at present. */
export type CircuitState =
  | { readonly kind: 'closed' }
  /** Nobody calls. */
  | {
      readonly kind: 'open';
      /** The result's `reason` that opened it or kept it open. */
      readonly reason: string;
      /** Until a probe is allowed, milliseconds from now; 0: whoever comes next is the probe. */
      readonly remainingMs: number;
      /** The same for a call, which cannot wait as long. */
      readonly remainingForCallMs: number;
    }
  /** One call is on its way to find out. */
  | { readonly kind: 'probing'; readonly reason: string };

/** A result that counts against the provider or our credential. */
export type AppFailure = Extract<PushResult, { kind: 'retry' | 'misconfigured' }>;

/** Tells the circuit what the provider said to a call that it let through. Must be called once; later calls are ignored. */
export type FinishCall = (result: PushResult) => void;

/**
 * Stops calling a provider that fails, for a while: it is left alone, and nobody waits for it. One per app: what one key,
 * topic or project has done wrong says nothing about another app.
 *
 * Only results of scope `app` count. What a provider says about one device neither opens nor closes the circuit, however
 * many devices it says it of: whoever registers devices could otherwise stop an app for all others.
 */
export interface Circuit {
  /**
   * Asks to call the provider once; undefined: not now.
   * @param isUrgent for somebody's call: it may be the probe sooner than others
   */
  begin(isUrgent?: boolean): FinishCall | undefined;
  /** Something that stood in the way may be mended: the next call is a probe, without waiting for its time. */
  probeNow(): void;
  readonly state: CircuitState;
  /** Failures in a row, as far as they count. */
  readonly failures: number;
  /** The last one; undefined: none since the provider last answered as it should. */
  readonly lastFailure: AppFailure | undefined;
}

/** What a circuit puts up with. Times in milliseconds. */
export interface CircuitLimits {
  /**
   * Failures in a row that open it. With a fifth of all answers 429, ten in a row happen once in ten million; in an outage
   * they take one round trip. Default 10.
   */
  readonly failures: number;
  /** Longest pause before the first probe. Default 1 s. */
  readonly baseMs: number;
  /** Longest pause between two probes, unless the provider asked for more: how late a recovery is noticed. Default 60 s. */
  readonly capMs: number;
  /**
   * The same for a call, which is over after half a minute and would find the circuit open all the time. Default 5 s.
   */
  readonly urgentCapMs: number;
  /** A provider that asks for a longer pause is asked again after this one. Default 1 h. */
  readonly longestAfterMs: number;
  /** A probe that says nothing for this long makes room for another one; attempts have 10 s. Default 30 s. */
  readonly probeWithinMs: number;
}

export const circuitLimits: CircuitLimits = {
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
  /** Called after each change from one kind of state to another. */
  readonly onChange?: (state: CircuitState) => void;
}

type Phase =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly reason: string; readonly untilMs: number; readonly urgentFromMs: number }
  | { readonly kind: 'probing'; readonly reason: string; readonly sinceMs: number };

/**
 * Starts closed. After `failures` results `retry` or `misconfigured` of scope `app` in a row it opens; after pauses that
 * grow with full jitter, and never before the time that the provider asked for, it lets one probe through. Any result that
 * could not have come if credential and provider were at fault (`accepted`, `dead-token`, `payload-rejected`) closes it. A
 * call is a probe sooner, though never before that time either.
 */
export function createCircuit({ clock, random, limits, onChange }: CircuitOptions): Circuit {
  const { failures, baseMs, capMs, urgentCapMs, longestAfterMs, probeWithinMs } = { ...circuitLimits, ...limits };
  let phase: Phase = { kind: 'closed' };
  let failedInARow = 0;
  let lastFailure: AppFailure | undefined;
  let pauses = 0;
  /** Monotonic time before which the provider asked not to be called. */
  let notBeforeMs = 0;

  const look = (): CircuitState => {
    if (phase.kind !== 'open') return phase.kind === 'closed' ? phase : { kind: 'probing', reason: phase.reason };
    const { reason, untilMs, urgentFromMs } = phase;
    const until = (ms: number) => Math.max(0, ms - clock.monotonic());
    return { kind: 'open', reason, remainingMs: until(untilMs), remainingForCallMs: until(urgentFromMs) };
  };

  const enter = (next: Phase): void => {
    const changed = next.kind !== phase.kind;
    phase = next;
    if (changed) onChange?.(look());
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
    // Hundreds may be on their way when it opens: that they fail too is no news and must not make the pauses grow.
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
   * A probe that said nothing about the provider leaves its place to the next one: at once if nobody was asked, else after
   * the shortest pause, since whose devices are over their quota could otherwise make the pauses go away.
   */
  const probeAgain = (reason: string, result: PushResult): void => {
    if (result.kind === 'payload-rejected') return openNow(reason);
    const untilMs = clock.monotonic() + baseMs;
    enter({ kind: 'open', reason, untilMs, urgentFromMs: untilMs });
  };

  /** The next call is a probe. */
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
      return look();
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

/** Whether the provider was asked and answered as it does when credential and provider are well. */
function provesProvider(result: PushResult): boolean {
  if (result.kind === 'retry' || result.kind === 'misconfigured') return false;
  return result.kind !== 'payload-rejected' || result.unsent !== true;
}
