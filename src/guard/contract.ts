import type { Registration } from '../core/registration.ts';

/** The share of bad ones above which the fault is taken for ours. */
export const tolerated = 1 / 5;

/** What went wrong on so large a scale that the fault must be ours. */
export type HoldCause =
  /** Too many of the nodes that servers name are in no registration and never were. */
  | 'unknown-nodes'
  /** Too many of an app's device tokens are called dead by its provider. */
  | 'dead-tokens';

/** While it lasts, what it is about costs nobody a registration. */
export interface Hold {
  readonly cause: HoldCause;
  /** Name of the app, for `dead-tokens`. */
  readonly app?: string;
  /** Which tokens, for `dead-tokens`: those for pushes or the second ones for calls. */
  readonly target?: 'first' | 'second';
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** Distinct nodes, or devices, that the judgement rested on, and how many of them were bad. */
  readonly seen: number;
  readonly bad: number;
  /** Answers held back since then. */
  readonly held: number;
  /** Domains of the servers that named unknown nodes, with how many each; the greatest first. */
  readonly domains: readonly (readonly [domain: string, nodes: number])[];
}

export type GuardState =
  | {
      readonly kind: 'watching';
      /** Distinct nodes that servers named of late, and how many of them are unknown. */
      readonly nodes: { readonly seen: number; readonly bad: number };
      /** Whether an unknown node would be called so now; while too few were seen, it is not. */
      readonly believesUnknown: boolean;
    }
  | { readonly kind: 'holding'; readonly holds: readonly Hold[] };

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
  /** A server named a node that is in the store. */
  seeKnown(node: string): void;
  /** A server named a node that is in no registration. Whether it ever was is looked up next; then one of the next two is due. */
  seeMissing(node: string): void;
  /** A missing node was removed by us, or nobody could look it up: it says nothing. */
  seeRemoved(node: string): void;
  /** A server named a node that never was ours. True: it may be told so, and will drop it. */
  seeUnknown(node: string, domain: string): boolean;
  /** For everything but `accepted`, the verdict counts. */
  seePush(push: SeenPush): TokenVerdict;
  /** Whether the tokens of an app are held, so that a removal that was under way has to be undone. */
  isHolding(app: string, target: 'first' | 'second'): boolean;
  readonly state: GuardState;
  /**
   * Ends every hold. Without `believe` the watch starts anew and as careful as after a start, so that nothing is lost
   * should the fault still be there. With `believe` what was held is believed, until the flood is over.
   * @returns how many holds there were
   */
  release(options: { readonly believe: boolean }): number;
}
