/** `tigase:push:priority:0`; absent when the server does not support priorities. */
export type Priority = 'high' | 'low';

/** The content of a notification: sealed for the device, or an unsealed summary (XEP-0357 section 7). */
export type NotificationContent =
  | {
      readonly kind: 'sealed';
      /** Standard base64 with padding and without white space; any size up to the stanza limit. */
      readonly ciphertext: string;
      /** Base64 like the ciphertext, never empty. */
      readonly iv: string;
      /** `<encrypted type='voip'/>`: a call is offered or, with priority `low`, has ended. */
      readonly voip: boolean;
    }
  | {
      readonly kind: 'summary';
      readonly messageCount?: number;
      readonly sender?: string;
      readonly body?: string;
      readonly nickname?: string;
    };

/** What Sealpost reads from a publish (XEP-0357 section 7). */
export interface Notification {
  readonly node: string;
  /** `from` of the publish, unchanged: a domain, a domain with resource (Tigase) or a bare JID. */
  readonly publisher: string;
  readonly content: NotificationContent;
  readonly priority?: Priority;
  /** `secret` of the publish-options. */
  readonly secret?: string;
  /** `pushModule` of the publish-options (raw-token convention). */
  readonly pushModule?: string;
}
