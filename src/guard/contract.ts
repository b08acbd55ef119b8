import type { Registration } from '../core/registration.ts';

/** The share of dead devices above which the fault is taken for ours. */
export const tolerated = 1 / 5;

/** Which devices a hold keeps. */
export type HoldCause =
  /** A provider calls too many devices dead that took pushes before. The hold keeps all devices. */
  | 'dead-tokens'
  /** A provider calls too many devices dead that never took a push. The hold keeps such devices alone. */
  | 'dead-new-tokens';

/** Too many device tokens are called dead by a provider. While the hold lasts, none of the devices it is about is removed. */
export interface Hold {
  readonly cause: HoldCause;
  /** Name of the app. */
  readonly app: string;
  /** Which tokens: those for pushes or the second ones for calls. */
  readonly target: 'first' | 'second';
  /** The hold is about the accounts of this domain; absent: of all domains. Empty: devices without an account. */
  readonly domain?: string;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** Distinct devices that the judgement rested on, and how many of them were dead. */
  readonly seen: number;
  readonly bad: number;
  /** Answers held back since then. */
  readonly held: number;
  /** A push to a device of another domain was accepted since the hold began, so that the fault is not of the whole app. */
  readonly othersFareWell: boolean;
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
  /** Whether such a device is held, so that a removal that was under way has to be undone. */
  isHolding(registration: Registration, target: 'first' | 'second'): boolean;
  readonly state: GuardState;
  /**
   * Ends every hold. Without `acceptRemovals` the watch starts anew and as careful as after a start, so that nothing is
   * lost if the fault is still there. With `acceptRemovals` the provider is believed until the flood is over.
   * @returns how many holds there were
   */
  release(options: { readonly acceptRemovals: boolean }): number;
}
