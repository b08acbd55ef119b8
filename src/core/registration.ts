/** Apple's two push environments; a token belongs to one of them. */
export type Environment = 'production' | 'sandbox';

/** One device of one account of one app. */
export interface Registration {
  /** Unguessable, and all that the XMPP server knows of the device; made by `nodes/node-names.ts`, or imported. */
  readonly node: string;
  /** Name of the app in the config. */
  readonly app: string;
  /** Name of the convention by which the client came to its node: see `conventions/all.ts`. */
  readonly convention: string;
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
  /** Milliseconds since 1970 of the latest registering; 0: not known, for it was imported or made of its node. */
  readonly registeredAtMs: number;
  /** It was made of its node, which the store did not have: the device may have told us another token since. */
  readonly isRestored?: true;
}

/** What a client asks for when it registers. */
export interface RegistrationRequest {
  readonly app: string;
  readonly convention: string;
  readonly account: string;
  readonly device: string;
  readonly token: string;
  readonly secondToken?: string;
  /** Whether the registration is to have a secret; kept over re-registering. */
  readonly withSecret: boolean;
  readonly room?: string;
  readonly component?: string;
  /** What stands for account and device in a registration that was imported from a server that kept neither (p2). */
  readonly importedAs?: string;
}

/** Which registrations an unregistering means; account and token are matched by `foldCase`. */
export interface RegistrationMatch {
  readonly account: string;
  /** Names the device: by its first token, by its `device`, or by the node. */
  readonly token: string;
  /** Absent where clients name a foreign one (Snikket over HTTP). */
  readonly app?: string;
}
