import type { Secret } from './secret.ts';

/** What a user sees unless the device replaces it: literal text, or keys of the app's own localisation. */
export interface Wording {
  readonly title?: string;
  readonly body?: string;
  readonly titleLocKey?: string;
  readonly locKey?: string;
  readonly sound?: string;
  readonly category?: string;
}

/** What routing and delivery need to know about one mobile app. The settings of each provider extend it. */
export interface App {
  readonly name: string;
  /** Name of the provider in `providers/all.ts`. */
  readonly provider: string;
  /** Whether a device may have a second token, for calls (PushKit). */
  readonly takesSecondToken: boolean;
  /** Whether an alert shows nothing by itself and only wakes the app, as a data message of FCM does. */
  readonly alertsAreSilent: boolean;
  /** Provider ids that clients register with (named in service discovery too), or accepted `pushModule` names. */
  readonly ids: readonly string[];
  readonly conventions: readonly string[];
  /** The registration API over HTTP. Set exactly when `conventions` has `http`. */
  readonly api?: { readonly token: Secret };
  /** Whether sender and body of an unsealed notification are sent to the provider. */
  readonly plaintext: 'withhold' | 'forward';
  /** How a sealed notification without a priority is sent. */
  readonly absentPriority: 'background' | 'alert';
  /** What becomes of a sealed notification that is not to be shown: a background push with or without it, or none. */
  readonly unimportant: 'carry' | 'bare' | 'drop';
  readonly ttlMs: number;
  /** Milliseconds in which a registration gets at most one coalesced wake-up. */
  readonly backgroundIntervalMs: number;
  /** Width of the concurrency limit: the most requests that this app may have open at its provider. */
  readonly inFlight: number;
  /** The proxy between Sealpost and the provider. */
  readonly proxy?: ProxySettings;
}

/** An HTTP proxy between Sealpost and a provider. */
export interface ProxySettings {
  /** `http://USER:PASSWORD@HOST:PORT` or `https://…`; the user is optional. */
  readonly url: Secret;
  /** Hosts that are reached without the proxy, written as in `NO_PROXY`. */
  readonly except: readonly string[];
}
