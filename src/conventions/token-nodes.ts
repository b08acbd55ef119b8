/** Nodes that are device tokens and are not stored: what the lookup asks a convention that has such nodes. */
import type { App } from '../core/app.ts';
import type { Environment, Registration } from '../core/registration.ts';
import type { Clock } from '../time/clock.ts';

/** Where to look for a node. */
export interface Hint {
  /** Set for a notification. */
  readonly pushModule?: string;
  /** Name of the app; set for a queued push. */
  readonly app?: string;
}

/** Reads token nodes and remembers what providers said about them. */
export interface RawTokens {
  /**
   * The registration that a raw token stands for; undefined if the node is no raw token, or a dead one. If no app has
   * the `pushModule` (or, without one, the default id), the configuration is at fault: the result is a registration
   * without app, so that the server keeps the device.
   */
  read(node: string, hint: Hint): Registration | undefined;
  /** Records that the provider called the token dead. False if the token was not read lately. */
  removeDead(node: string): boolean;
  /** Takes back that the token is dead. */
  revive(node: string): void;
  isDead(node: string): boolean;
  /** False if the token was not read lately. */
  rememberEnvironment(node: string, environment: Environment): boolean;
}

/** @param limit number of tokens that are always remembered; at most twice as many are */
export type ReadTokens = (options: {
  readonly apps: readonly App[];
  /** Whether an app with such nodes is or was in the config, so that the server of a device may still have one. */
  readonly wereServed: boolean;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly limit: number;
}) => RawTokens;
