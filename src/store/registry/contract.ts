import type { Outcome } from '../../core/answers.ts';
import type { RemovalReason } from '../schema/tables.ts';
import type { UnsealedNodes } from '../../nodes/node-key.ts';
import type { StoreFault } from '../engine/fault.ts';
import type { Environment, Registration, RegistrationMatch, RegistrationRequest } from '../../core/registration.ts';

/** How many foreign registrations are taken over in one statement, synced to disk once. */
export const IMPORT_BATCH = 200;

/** How many devices are noted in one statement. */
export const NOTES_BATCH = 500;

/** What happened to a device lately, for operators; what is absent stays as it was noted before. Times are milliseconds since 1970. */
export interface DeviceNote extends Pick<Registration, 'node' | 'registeredAtMs'> {
  /** The latest publish, and what became of it. */
  readonly published?: { readonly atMs: number; readonly outcome: Outcome };
  /** The latest push, and what the provider said: `accepted`, or another kind of result with its reason (`retry timeout`). */
  readonly pushed?: { readonly atMs: number; readonly result: string };
  /** When a provider accepted a push for the tokens of that time. The first time is kept. */
  readonly acceptedAtMs?: number;
}

/** What `forget` erased. */
export interface Forgotten {
  /** Those that were not removed before. */
  readonly registrations: readonly Registration[];
  /** Marks of registrations that had been removed. */
  readonly marks: number;
}

/** A registration that another push app server made: its node and secret stay as they are. */
export type ForeignRegistration = Omit<Registration, 'environment' | 'isRestored' | 'wasAccepted'>;

/** What became of a foreign registration. */
export type ImportOutcome =
  | 'taken'
  /** The same was taken before. */
  | 'present'
  /** It was taken before and removed since. */
  | 'removed'
  /** A registration with another secret has its node. */
  | 'node-taken'
  /** Its device is registered here with another node. */
  | 'device-known';

/**
 * Registrations of one account with one app. More than anybody has devices and rooms, and a bound on what one account can
 * make us store: beyond it the one that was registered first goes.
 */
export const registrationsPerAccount = 250;

/**
 * Durable store of registrations. Every promise resolves after the commit; a rejection means that nothing was changed.
 */
export interface Registry {
  find(node: string): Promise<Registration | undefined>;
  /**
   * The same (app, account, device) keeps its node and secret while tokens are updated; when a secret is wanted that it did
   * not have, or the reverse, it gets another node, which says so. A request without second token drops the stored one: the
   * client has none any more. Beyond `registrationsPerAccount` the oldest makes room.
   * @throws TooManyRegistrations when the device is new and its domain has too many
   */
  register(request: RegistrationRequest): Promise<Registration>;
  /**
   * Puts a registration back that was made of its node.
   * @returns what stands for its device now: this one, or another one that the device was registered as meanwhile;
   * undefined: its device was removed; `full`: its account has `registrationsPerAccount` others, none of which it may displace
   */
  readmit(opened: Registration): Promise<Registration | 'full' | undefined>;
  /** The registrations of an account in one app, or of one device of it: the latest first, at most `limit`. */
  list(
    of: { readonly app: string; readonly account: string; readonly device?: string },
    limit: number,
  ): Promise<readonly Registration[]>;
  /** Adds those that are new, at most `IMPORT_BATCH` at a time; in the order of the batch, what became of each. */
  importRegistrations(batch: readonly ForeignRegistration[]): Promise<readonly ImportOutcome[]>;
  /** How many there were; 0 is no error. One that is removed already stays so, and nothing undoes that any more. */
  unregister(match: RegistrationMatch): Promise<number>;
  /** False when there was none, or when it was registered anew after `knownAtMs` (its `registeredAtMs` then differs). */
  remove(node: string, knownAtMs: number, reason: RemovalReason): Promise<boolean>;
  /**
   * Undoes removals for the reason `gone`, and drops of second tokens, that turned out to be wrong. What was renewed or
   * unregistered since stays as it is.
   * @returns how many came back, or have their second token back
   */
  restore(registrations: readonly Registration[]): Promise<number>;
  dropSecondToken(node: string, secondToken: string): Promise<void>;
  rememberEnvironment(node: string, environment: Environment): Promise<void>;
  /**
   * Notes what happened to devices, at most `NOTES_BATCH` at a time, each device once. Skips those that were registered anew
   * after `registeredAtMs`: they may have another token.
   */
  noteDevices(batch: readonly DeviceNote[]): Promise<void>;
  /**
   * Erases everything that is kept of an account. What stays for 400 days is a hash of each node, which says nothing of the
   * account: without it, the next publish would bring the registration back out of its node.
   */
  forget(account: string): Promise<Forgotten>;
  /** Whether a registration with this node was removed, in the latest 400 days; of each account and app the latest 250 are known. */
  wasRemoved(node: string): Promise<boolean>;
  /** Whether a registration of this device was removed and is not registered now. */
  wasDeviceRemoved(of: { readonly app: string; readonly account: string; readonly device: string }): Promise<boolean>;
  /** Kinds of unsealed nodes that this store has or had. */
  unsealedNodes(): Promise<ReadonlySet<UnsealedNodes>>;
  /** Number of registrations by app name. */
  count(): Promise<ReadonlyMap<string, number>>;
  /** Resolves when the store can be read. */
  ping(): Promise<void>;
  /** Why nothing new can be kept, although what was stored can be read; undefined: it can. */
  readonly fault?: StoreFault | undefined;
}
