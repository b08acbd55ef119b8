import type { Registration } from '../core/registration.ts';

/** The share of dead devices above which the fault is taken for ours. */
export const tolerated = 1 / 5;

/** Too many device tokens of an app are called dead by its provider. While a hold lasts, none of its devices is removed. */
export interface Hold {
  readonly cause: 'dead-tokens';
  /** Name of the app. */
  readonly app: string;
  /** Which tokens: those for pushes or the second ones for calls. */
  readonly target: 'first' | 'second';
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** Distinct devices that the judgement rested on, and how many of them were bad. */
  readonly seen: number;
  readonly bad: number;
  /** Answers held back since then. */
  readonly held: number;
}

export type GuardState = { readonly kind: 'watching' } | { readonly kind: 'holding'; readonly holds: readonly Hold[] };

/** What is to be done about a device token that the provider calls dead. */
export type TokenVerdict =
  | { readonly kind: 'believed' }
  /** It stays. `toRestore`: what was believed shortly before, and is to be undone now. */
  | { readonly kind: 'held'; readonly toRestore: readonly Registration[] };

/** A push that came back with the provider's word about its device token. */
export interface SeenPush {
  readonly registration: Registration;
  readonly target: 'first' | 'second';
  /** `doubtful`: the provider's word can also mean that our topic or environment is wrong. */
  readonly came: 'accepted' | 'dead' | 'doubtful';
}

/** What the way of a notification asks. */
export interface Guard {
  /** For everything but `accepted`, the verdict counts. */
  seePush(push: SeenPush): TokenVerdict;
  /** Whether the tokens of an app are held, so that a removal that was under way has to be undone. */
  isHolding(app: string, target: 'first' | 'second'): boolean;
  readonly state: GuardState;
  /**
   * Ends every hold. Without `acceptRemovals` the watch starts anew and as careful as after a start, so that nothing is
   * lost if the fault is still there. With `acceptRemovals` the provider is believed until the flood is over.
   * @returns how many holds there were
   */
  release(options: { readonly acceptRemovals: boolean }): number;
}
