import type { z } from 'zod';
import type { AppContext } from '../config/kinds/app.ts';
import type { App } from '../core/app.ts';
import type { PartFinding } from '../core/finding.ts';
import type { Push, PushResult } from '../core/push.ts';
import type { Environment } from '../core/registration.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock, Random } from '../time/clock.ts';
import type { ClockWatch } from './clock-watch.ts';

/** What the rest of Sealpost needs to know about a provider. `all.ts` has a line for each. */
export interface ProviderDefinition<Settings extends App = App> {
  /** Name in the config and in metric labels. */
  readonly name: string;
  /** The section of the config for an app of this provider. Its result lacks only the app's name. */
  section(context: AppContext): z.ZodType<Omit<Settings, 'name'>>;
  /** The device token that a client wrote, in its stored form; undefined if it is not valid for this provider. */
  parseToken(written: string): string | undefined;
  /** The device token that a node is (raw-token convention); undefined if it is none. */
  parseNode(node: string): string | undefined;
  /** Called once. Makes what the apps of this provider share in one process. */
  start(environment: ProviderEnvironment): CreateProvider<Settings>;
  /** Checks credentials and settings of one app, without a push to any device. Never throws. */
  readonly check: CheckApp<Settings>;
}

/** Checks one app, part by part. */
export type CheckApp<Settings extends App = App> = {
  bivariant(app: Settings, environment: CheckEnvironment): AsyncIterable<PartFinding>;
}['bivariant'];

/** What `check` gets of the rest of Sealpost. */
export interface CheckEnvironment extends ProviderEnvironment {
  /** Whether nothing may be asked over the network. */
  readonly offline: boolean;
}

/**
 * Makes the provider of one app.
 * @param onReplaced called after credentials were replaced; results obtained with the old ones no longer count
 * @throws Error if the app's credentials cannot be used at all
 */
export type CreateProvider<Settings extends App = App> = {
  bivariant(app: Settings, onReplaced: () => void): Provider;
}['bivariant'];

/** What `start` gets of the rest of Sealpost. */
export interface ProviderEnvironment {
  /** Milliseconds between two checks of credential files. Default 30 s. */
  readonly checkEveryMs?: number;
  /** Gets the time that providers tell. */
  readonly clockWatch?: Pick<ClockWatch, 'note'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** The receiver of a push, taken from the registration at each attempt. */
export interface Device {
  readonly token: string;
  /** Where the token was accepted last; only for apps with `environment: auto`. */
  readonly environment?: Environment;
  readonly registeredAtMs: number;
}

/** Hears the HTTP status of an answer: there are two where a credential was renewed or both environments were asked. */
export type OnStatus = (status: number) => void;

/** APNs or FCM for one app. */
export interface Provider {
  /**
   * Sends one push; never rejects.
   * @param deadlineMs milliseconds from now that the attempt may take; after it the result is `retry`
   * @param onStatus called with the HTTP status of each answer
   */
  send(push: Push, device: Device, deadlineMs: number, onStatus?: OnStatus): Promise<PushResult>;
  /** Bytes of the longest base64 ciphertext that fits into any push for this account, less a reserve. */
  largestCiphertext(account: string): number;
  /** What an operator should do about a `misconfigured` or `retry` result with this reason. */
  explain?(reason: string): string;
  /** What the operator should attend to before pushes fail; undefined: nothing. */
  readonly concern?: Concern | undefined;
  /** Checks now whether the credential files were replaced; never rejects. */
  checkCredentials?(): Promise<void>;
  /** Ends the attempts under way at this moment as if their deadlines had come: their results are `retry`. */
  hurry(): void;
  /** Waits for the requests under way, each of which has a deadline, then closes the connections. */
  drain(): Promise<void>;
}

/** Something that the operator should attend to; free of secrets. */
export interface Concern {
  readonly reason: string;
  /** What to do. */
  readonly hint: string;
}

/** Hints by reason. `other` is for reasons that have none of their own. */
export type Hints = Readonly<Record<string, string>> & { readonly other: string };
