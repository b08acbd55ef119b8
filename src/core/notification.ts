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
