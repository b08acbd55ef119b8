/** Nodes that are device tokens themselves and stand in no store: what a convention that has them offers to the look-up. */
import type { App } from '../core/app.ts';
import type { Environment, Registration } from '../core/registration.ts';
import type { Clock } from '../time/clock.ts';

/** What is said beside a node about where to look for it. */
export interface Hint {
  /** Of a notification. */
  readonly pushModule?: string;
  /** Of a queued push. */
  readonly app?: string;
}

export interface RawTokens {
  /**
   * The registration that a node stands for when it is a raw token; undefined: it is none, or a dead one. A `pushModule`
   * that no app has (any more) is a mistake in somebody's configuration, and none at all where no app is the default one.
   * It leads to a registration of no app: the server keeps the device.
   */
  read(node: string, hint: Hint): Registration | undefined;
  /** The provider says that it is dead. False when it is no token that was read lately. */
  removeDead(node: string): boolean;
  /** It is not dead after all. */
  revive(node: string): void;
  isDead(node: string): boolean;
  /** False when it is no token that was read lately. */
  rememberEnvironment(node: string, environment: Environment): boolean;
}

/** @param limit tokens that are remembered; of more, those that were not read for longest are forgotten. */
export type ReadTokens = (options: {
  readonly apps: readonly App[];
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly limit: number;
}) => RawTokens;
