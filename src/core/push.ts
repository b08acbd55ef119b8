/**
 * The vocabulary that all parts share. Types only, imports nothing.
 */

/** `tigase:push:priority:0`; absent when the server does not know priorities. */
export type Priority = 'high' | 'low';

/** What a server wrote about an event: sealed for the device, or in clear (XEP-0357 section 7 summary). */
export type NotificationContent =
  | {
      readonly kind: 'sealed';
      /** Standard base64 with padding and without white space; may be of any size up to the stanza limit. */
      readonly ciphertext: string;
      /** The same alphabet, never empty. */
      readonly iv: string;
      /** `<encrypted type='voip'/>`: a call is offered or, with priority low, ended. */
      readonly voip: boolean;
    }
  | {
      readonly kind: 'summary';
      readonly messageCount?: number;
      readonly sender?: string;
      readonly body?: string;
      readonly nickname?: string;
    };

/** What we made of a publish (XEP-0357 section 7). */
export interface Notification {
  readonly node: string;
  /** `from` of the publish, as it came: a domain, a domain with resource (Tigase) or a bare JID. */
  readonly publisher: string;
  readonly content: NotificationContent;
  readonly priority?: Priority;
  /** `secret` of the publish-options. */
  readonly secret?: string;
  /** `pushModule` of the publish-options (raw-token convention). */
  readonly pushModule?: string;
}

/** How a client came to its node: in `src/xmpp/conventions/`, `v1` also and `http` only in `src/http/`. */
export type Convention = 'tigase' | 'p2' | 'v1' | 'raw-token' | 'http';

/** Apple's two push environments; a token belongs to one of them. */
export type Environment = 'production' | 'sandbox';

/** One device of one account of one app. */
export interface Registration {
  /** Unguessable, at least 128 random bits; all that the XMPP server knows of the device. */
  readonly node: string;
  /** Name of the app in the config. */
  readonly app: string;
  readonly convention: Convention;
  /**
   * Bare JID exactly as the client registered with: devices look their key up by this string. Taken over from a server
   * that kept no accounts: its domain alone. Empty where nobody said whose the device is: then the secret alone admits
   * publishers.
   */
  readonly account: string;
  /** What stands for the account in payloads of the p2 convention, where the account itself is not known. */
  readonly accountHash?: string;
  /**
   * What distinguishes this device from others of the same account: the token (tigase), the device's own id (p2, v1; for a
   * room of p2 followed by a space and the room's hash).
   */
  readonly device: string;
  readonly token: string;
  /** PushKit (VoIP) token. */
  readonly secondToken?: string;
  /** When given, publishes must carry it in their publish-options. */
  readonly secret?: string;
  /** Known when the app's environment is `auto` and a push was accepted there once. */
  readonly environment?: Environment;
  /** Bare JID of the room that publishes in place of the account's server (p2). */
  readonly room?: string;
  /** Domain of ours that the client registered at; unknown for registrations that came another way. */
  readonly component?: string;
  /** Milliseconds since 1970 of the latest registering; 0: taken over from a server that did not say. */
  readonly registeredAtMs: number;
}

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
  /** Only asks the provider whether it knows the token (FCM `validate_only`): nothing reaches the device. */
  readonly validateOnly?: true;
}

/** Where a push goes, taken from the registration at each attempt. */
export interface Device {
  readonly token: string;
  /** Only for apps with `environment: auto`: where the token was accepted last. */
  readonly environment?: Environment;
  readonly registeredAtMs: number;
}

/**
 * What became of a push. `reason` is a word from the provider's outcome table: bounded, fit for a metric label, free of
 * tokens. `scope: 'device'`: it says something about this device's token alone, nothing about how others will fare;
 * `unclear`: about this device or about all, the provider does not say which.
 */
export type PushResult =
  /** The provider accepted it. `environment` is told by apps whose environment is `auto`. */
  | { readonly kind: 'delivered'; readonly environment?: Environment }
  /** Not now, perhaps later. `afterMs` is what the provider asked for. */
  | {
      readonly kind: 'retry';
      readonly reason: string;
      readonly afterMs?: number;
      readonly scope?: 'device' | 'unclear';
    }
  /** The device token is dead. `doubtful`: by a word that can also mean a wrong topic or environment of ours. */
  | { readonly kind: 'gone'; readonly reason: string; readonly doubtful?: true }
  /** This one payload is not acceptable; another one may be. `unsent`: that is our own judgement, nobody was asked. */
  | { readonly kind: 'refused'; readonly reason: string; readonly unsent?: true }
  /** Our key, topic, project or config is wrong: nothing that the device or the XMPP server did. */
  | { readonly kind: 'misconfigured'; readonly reason: string; readonly scope?: 'device' };

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
  readonly provider: 'apns' | 'fcm';
  /** Provider ids that clients register with, or accepted `pushModule` names; disco features. */
  readonly ids: readonly string[];
  readonly conventions: readonly Convention[];
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

/** APNs settings of an app. */
export interface ApnsApp extends App {
  readonly provider: 'apns';
  /** Bundle id. */
  readonly topic: string;
  readonly credentials:
    | {
        readonly kind: 'token';
        readonly key: Secret;
        readonly keyId: string;
        readonly teamId: string;
        /** Absolute path of the file that the key came from: looked at again while we run. */
        readonly path?: string;
      }
    | {
        readonly kind: 'certificate';
        /** PEM with certificate and key, or PKCS#12. */
        readonly file: Uint8Array;
        readonly passphrase?: Secret;
        /** Absolute path of the file that it came from: looked at again while we run. */
        readonly path?: string;
      };
  readonly environment: Environment | 'auto';
  readonly alert: Wording;
  readonly call: Wording;
  /** Origin URL in place of Apple's. */
  readonly endpoint?: string;
  /** Origin URL in place of Apple's sandbox; without it `endpoint` stands for both. */
  readonly sandboxEndpoint?: string;
  /** PEM of certificate authorities trusted for this app beside the system's. */
  readonly ca?: string;
}

/** FCM settings of an app. */
export interface FcmApp extends App {
  readonly provider: 'fcm';
  /** Path of the service account's JSON file: read at the start, and looked at again while we run. */
  readonly serviceAccountFile: string;
  /** As that file said when the config was read; messages go to the project that it names now. */
  readonly projectId: string;
  readonly collapseKey?: string;
  /** Origin URL in place of Google's. */
  readonly endpoint?: string;
  /** Origin URL of the OAuth server; path `/token`. */
  readonly tokenEndpoint?: string;
  readonly ca?: string;
}

/** A value that neither a log nor an error may show. */
export interface Secret {
  /** The value itself. */
  reveal(): string;
  /** `[secret]`, as is its JSON. */
  toString(): string;
}
