import type { z } from 'zod';
import type { AppContext } from '../config/kinds/app.ts';
import type { App } from '../core/app.ts';
import type { Push, PushResult } from '../core/push.ts';
import type { Environment } from '../core/registration.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock, Random } from '../time/clock.ts';

/** One provider: what the rest of Sealpost has to know of it. `all.ts` has a line for each. */
export interface ProviderDefinition<Settings extends App = App> {
  /** As it stands in the config and as a metric label. */
  readonly name: string;
  /** The section of the config for an app of this provider; its result lacks the app's name alone. */
  section(context: AppContext): z.ZodType<Omit<Settings, 'name'>>;
  /** The device token in what a client wrote, in the form that is stored; undefined: it is none of this provider's. */
  parseToken(written: string): string | undefined;
  /** The device token that a node is (raw-token convention); undefined: it is none. */
  parseNode(node: string): string | undefined;
  /** Called once; what apps of this provider share in one process is made here. */
  start(environment: ProviderEnvironment): CreateProvider<Settings>;
}

/**
 * Makes the provider of one app.
 * @param onReplaced called after credentials were replaced: what the provider said of the old ones no longer counts
 * @throws Error if the app's credentials cannot be used at all
 */
export type CreateProvider<Settings extends App = App> = {
  bivariant(app: Settings, onReplaced: () => void): Provider;
}['bivariant'];

/** What every provider is made with. */
export interface ProviderEnvironment {
  /** Between two looks at files with credentials, milliseconds. Default: `defaultCheckEveryMs`. */
  readonly checkEveryMs?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Where a push goes, taken from the registration at each attempt. */
export interface Device {
  readonly token: string;
  /** Only for apps with `environment: auto`: where the token was accepted last. */
  readonly environment?: Environment;
  readonly registeredAtMs: number;
}

/** APNs or FCM for one app. */
export interface Provider {
  /**
   * Sends one push; never rejects.
   * @param deadlineMs how long the attempt may take, milliseconds from now; afterwards the outcome is `retry`.
   */
  send(push: Push, device: Device, deadlineMs: number): Promise<PushResult>;
  /**
   * The longest base64 ciphertext that surely fits into a push for this account, in bytes, already less the slack for
   * what sealing servers do not count.
   */
  largestCiphertext(account: string): number;
  /** What to do about an outcome `misconfigured` with this reason, for the operator. */
  explain?(reason: string): string;
  /** What the operator should see to before anything fails; undefined: nothing. */
  readonly concern?: Concern | undefined;
  /** Looks now whether the files with our credentials were replaced; never rejects. */
  checkCredentials?(): Promise<void>;
  /** Waits for what is in flight (each has its deadline), then closes the connections. */
  drain(): Promise<void>;
}

/** Something that the operator should see to, in words; free of secrets. */
export interface Concern {
  readonly reason: string;
  /** What to do. */
  readonly hint: string;
}

/** By reason; `other` stands for those that are not named. */
export type Hints = Readonly<Record<string, string>> & { readonly other: string };
