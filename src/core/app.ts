import type { Secret } from './secret.ts';

/** What a user sees when nothing on the device replaces it: literal text, or keys of the app's own localisation. */
export interface Wording {
  readonly title?: string;
  readonly body?: string;
  readonly titleLocKey?: string;
  readonly locKey?: string;
  readonly sound?: string;
  readonly category?: string;
}

/** What routing and delivery need to know of one mobile app of the operator; the providers' settings extend it. */
export interface App {
  readonly name: string;
  /** Name of the provider: see `providers/all.ts`. */
  readonly provider: string;
  /** Whether a device may have a second token, for calls (PushKit). */
  readonly takesSecondToken: boolean;
  /** Whether an alert shows nothing by itself and only wakes the app: data messages of FCM. */
  readonly alertsAreSilent: boolean;
  /** Provider ids that clients register with, or accepted `pushModule` names; disco features. */
  readonly ids: readonly string[];
  readonly conventions: readonly string[];
  /** The registration API over HTTP; there exactly when the conventions have `http`. */
  readonly api?: { readonly token: Secret };
  /** Whether sender and body of an unsealed notification go to the provider. */
  readonly plaintext: 'withhold' | 'forward';
  /** What a sealed notification without a priority is. */
  readonly absentPriority: 'background' | 'alert';
  readonly ttlMs: number;
  /** At most one coalesced wake-up per registration in this time. */
  readonly backgroundIntervalMs: number;
  /** ConcurrencyLimit: how many pushes of this app may be on their way at a time. */
  readonly inFlight: number;
  /** On the way to the provider. */
  readonly proxy?: ProxySettings;
}

/** An HTTP proxy on the way to a provider. */
export interface ProxySettings {
  /** `http://USER:PASSWORD@HOST:PORT`, or `https:`; a user is optional. */
  readonly url: Secret;
  /** Hosts that are reached without it, each as in `NO_PROXY`. */
  readonly except: readonly string[];
}
