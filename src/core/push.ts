import type { Environment } from './registration.ts';

/** How a push shows on the device. */
export type PushKind =
  /** Visible; the app may decrypt and rewrite it (`mutable-content`). */
  | 'alert'
  /** Visible with the wording for a call, not to be rewritten; for devices without a PushKit token. */
  | 'call-alert'
  /** Wakes the app without showing anything. */
  | 'background'
  /** Rings through PushKit; sent to the second token. */
  | 'voip';

/** What a push carries besides the account. */
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

/** The part of a payload that tells the client which account, and which room, a push is about. */
export type PushAddress = Pick<Push, 'account' | 'channel'>;

/** One request to a provider, without the device token, which is looked up again for each attempt. */
export interface Push {
  /** UUID, the same over all attempts: `apns-id`, and `apns-collapse-id` so that a repeated push shows once. */
  readonly id: string;
  readonly app: string;
  readonly node: string;
  readonly kind: PushKind;
  /** Value of the payload's `account` key: the bare JID, or its hash (p2). Empty: the payload has no such key. */
  readonly account: string;
  /** Value of the payload's `channel` key: the hash of a room (p2). */
  readonly channel?: string;
  readonly content: PushContent;
  /** Milliseconds since 1970 from which the push is not delivered any more; 0: it is delivered at once or never. */
  readonly expiresAtMs: number;
}

/**
 * What a provider said to one push. `reason` comes from the provider's table of results: it is fit for a metric label
 * and contains no token. A failure of scope `app` would meet every push of the app. Any other failure may concern this
 * device alone, and must not affect other devices.
 */
export type PushResult =
  /** The provider accepted the push. `environment` is set where the app's environment is `auto`. */
  | { readonly kind: 'accepted'; readonly environment?: Environment }
  /** The push may succeed later; `afterMs` is the delay that the provider asked for. */
  | { readonly kind: 'retry'; readonly reason: string; readonly scope: PushScope; readonly afterMs?: number }
  /** The device token is dead. `doubtful`: the reason can also mean that our topic or environment is wrong. */
  | { readonly kind: 'dead-token'; readonly reason: string; readonly doubtful?: true }
  /** This payload is not acceptable, another one may be. `unsent`: we judged so ourselves and sent nothing. */
  | { readonly kind: 'payload-rejected'; readonly reason: string; readonly unsent?: true }
  /** Our key, topic, project or config is wrong; neither device nor XMPP server is at fault. */
  | { readonly kind: 'misconfigured'; readonly reason: string; readonly scope: PushScope };

/** What a failure concerns. `unclear`: the provider does not say whether the device or the whole app. */
export type PushScope = 'device' | 'app' | 'unclear';
