import type { Environment, Registration } from '../push.ts';

/** What a client asks for when it registers. */
export interface RegistrationRequest {
  readonly app: string;
  readonly convention: Registration['convention'];
  readonly account: string;
  readonly device: string;
  readonly token: string;
  readonly secondToken?: string;
  /** Whether the registration is to have a secret; kept over re-registering. */
  readonly withSecret: boolean;
}

/** Which registrations an unregistering means; account and token are matched without regard to case. */
export interface RegistrationMatch {
  readonly account: string;
  readonly token: string;
  /** Absent where clients name a foreign one (Snikket over HTTP). */
  readonly app?: string;
}

/** Why a registration went away; also a metric label. */
export type RemovalReason = 'unregistered' | 'gone' | 'operator';

/**
 * Durable store of registrations. Every promise resolves after the commit; a rejection means that nothing was changed.
 */
export interface Registry {
  find(node: string): Promise<Registration | undefined>;
  /**
   * The same (app, account, device) keeps its node and secret while tokens are updated. A request without second token
   * drops the stored one: the client has none any more.
   */
  register(request: RegistrationRequest): Promise<Registration>;
  /** How many were removed; 0 is no error. */
  unregister(match: RegistrationMatch): Promise<number>;
  /** False when there was none, or when it was registered anew after `knownAtMs` (its `registeredAtMs` then differs). */
  remove(node: string, knownAtMs: number, reason: RemovalReason): Promise<boolean>;
  dropSecondToken(node: string, secondToken: string): Promise<void>;
  rememberEnvironment(node: string, environment: Environment): Promise<void>;
  /** Whether this node once was ours and was removed: the tombstone. */
  wasRemoved(node: string): Promise<boolean>;
  /** Number of registrations by app name. */
  count(): Promise<ReadonlyMap<string, number>>;
  /** Resolves when the store answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
