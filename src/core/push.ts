import type { Environment } from './registration.ts';

/** How a notification becomes visible: one row of the routing table. */
export type PushKind =
  /** Visible; the app may open and rewrite it (`mutable-content`). */
  | 'alert'
  /** Visible with the wording for a call, to be shown as it is: the device has no PushKit token. */
  | 'call-alert'
  /** Wakes the app without showing anything. */
  | 'background'
  /** PushKit: rings. Goes to the second token. */
  | 'voip';

/** What travels to the device beside the account. */
export type PushContent =
  | { readonly kind: 'none' }
  | { readonly kind: 'sealed'; readonly ciphertext: string; readonly iv: string }
  | {
      readonly kind: 'summary';
      readonly unreadMessages?: number;
      readonly sender?: string;
      readonly body?: string;
      readonly nickname?: string;
    };

/** By what a payload tells the client which of its accounts, and which of its rooms, a push is about. */
export type PushAddress = Pick<Push, 'account' | 'channel'>;

/** One request to a provider, without the device's token: that is looked up again at each attempt. */
export interface Push {
  /** UUID, the same over all attempts: `apns-id`, and `apns-collapse-id` so that a repeated push shows once. */
  readonly id: string;
  readonly app: string;
  readonly node: string;
  readonly kind: PushKind;
  /** Value of the payload's `account` key: the bare JID, or its hash for the p2 convention; empty: there is no such key. */
  readonly account: string;
  /** Value of the payload's `channel` key: a room's hash (p2). */
  readonly channel?: string;
  readonly content: PushContent;
  /** Milliseconds since 1970 after which it is worthless; 0: deliver at once or never. */
  readonly expiresAtMs: number;
}

/**
 * What a provider said to one push. `reason` is a word from the provider's table of results: bounded, fit for a metric
 * label, free of tokens. `scope: 'app'`: it would be said to every push of the app; otherwise it may be about this device
 * alone, and nothing that other devices get may depend on it.
 */
export type PushResult =
  /** The provider accepted it. `environment` is told by apps whose environment is `auto`. */
  | { readonly kind: 'accepted'; readonly environment?: Environment }
  /** Not now, perhaps later. `afterMs` is what the provider asked for. */
  | { readonly kind: 'retry'; readonly reason: string; readonly scope: PushScope; readonly afterMs?: number }
  /** The device token is dead. `doubtful`: by a word that can also mean a wrong topic or environment of ours. */
  | { readonly kind: 'dead-token'; readonly reason: string; readonly doubtful?: true }
  /** This one payload is not acceptable; another one may be. `unsent`: that is our own judgement, nobody was asked. */
  | { readonly kind: 'payload-rejected'; readonly reason: string; readonly unsent?: true }
  /** Our key, topic, project or config is wrong: nothing that the device or the XMPP server did. */
  | { readonly kind: 'misconfigured'; readonly reason: string; readonly scope: PushScope };

/** Whom a failure is about. `unclear`: the provider does not say whether it is this device or the whole app. */
export type PushScope = 'device' | 'app' | 'unclear';
