import { backoffMs } from '../time/backoff.ts';
import type { Clock, Random } from '../time/clock.ts';
import type { PushResult } from '../core/push.ts';

/** Whether the provider of one app is called at present. */
export type CircuitState =
  | { readonly kind: 'closed' }
  /** Nobody calls. */
  | {
      readonly kind: 'open';
      /** The outcome's `reason` that opened it or kept it open. */
      readonly reason: string;
      /** Until a probe is allowed, milliseconds from now; 0: whoever comes next is the probe. */
      readonly remainingMs: number;
      /** The same for a call, which cannot wait as long. */
      readonly remainingForCallMs: number;
    }
  /** One call is on its way to find out. */
  | { readonly kind: 'probing'; readonly reason: string };

/**
 * Tells the circuit what became of a call that it let through, and for which device it was; without outcome when the call
 * did not take place. Must be called once; later calls are ignored.
 */
export type FinishCall = (outcome?: PushResult, device?: string) => void;

/**
 * Spares a provider that refuses us for a while, and us the waiting for it. One per credential: what one key, topic or
 * project has done wrong says nothing about another app.
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
   * The same for a call, which is over after half a minute and would find the provider spared all the time. Default 5 s.
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
 * Starts closed. After `failures` outcomes `retry` or `misconfigured` in a row, those of unclear scope counted once a
 * device, it opens; after pauses that grow with full jitter, and never before the time that the provider asked for, it lets
 * one probe through. Any answer that could not have come if credential and provider were at fault (`delivered`, `gone`,
 * `refused`) closes it. A call is a probe sooner, though never before that time either.
 */
export function createCircuit({ clock, random, limits, onChange }: CircuitOptions): Circuit {
  const { failures, baseMs, capMs, urgentCapMs, longestAfterMs, probeWithinMs } = { ...circuitLimits, ...limits };
  let phase: Phase = { kind: 'closed' };
  let failedInARow = 0;
  /** Devices with an outcome of unclear scope among those: no more than `failures`. */
  const unclear = new Set<string>();
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
    unclear.clear();
    pauses = 0;
    notBeforeMs = 0;
    if (phase.kind !== 'closed') enter({ kind: 'closed' });
  };

  const finish = (outcome: PushResult, device: string, begunIn: Phase): void => {
    if (outcome.kind !== 'retry' && outcome.kind !== 'misconfigured') {
      close();
      return;
    }
    if (phase.kind === 'closed' && 'scope' in outcome && outcome.scope === 'unclear') {
      // One busy device must not have all others spared.
      if (unclear.has(device)) return;
      unclear.add(device);
    }
    if (outcome.kind === 'retry' && outcome.afterMs !== undefined) {
      notBeforeMs = Math.max(notBeforeMs, clock.monotonic() + Math.min(outcome.afterMs, longestAfterMs));
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
    if (phase.kind === 'probing' || failedInARow >= failures) pause(outcome.reason);
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
      return (outcome, device = '') => {
        if (finished) return;
        finished = true;
        if (outcome) finish(outcome, device, begunIn);
        // A probe that did not take place leaves its place to the next one, at once.
        else if (begunIn === phase && phase.kind === 'probing') openNow(phase.reason);
      };
    },
    probeNow() {
      if (phase.kind === 'open') openNow(phase.reason);
    },
    get state() {
      return look();
    },
  };
}
