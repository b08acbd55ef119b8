/** Apple's two push environments. A token is valid in one of them. */
export type Environment = 'production' | 'sandbox';

/** One device of one account of one app. */
export interface Registration {
  /** Unguessable; the XMPP server knows nothing else of the device. Made by `nodes/node-names.ts`, or imported. */
  readonly node: string;
  /** Name of the app in the config. */
  readonly app: string;
  /** Name of the convention by which the client registered, as in `conventions/all.ts`. */
  readonly convention: string;
  /**
   * Bare JID exactly as the client registered it, since devices look their key up by this string. Only a domain if it
   * was imported from a server that stores no accounts. Empty if the client named no account: then the secret alone
   * authorizes publishers.
   */
  readonly account: string;
  /** The account's hash in p2 payloads, where the account itself is not known. */
  readonly accountHash?: string;
  /**
   * Tells this device from the account's other devices: the token (tigase), or the device's own id (p2, v1), which for
   * a room of p2 is followed by a space and the room's hash.
   */
  readonly device: string;
  readonly token: string;
  /** The token's `foldedKey`, as the store has it, since each push asks for it; absent: it was not read from the store. */
  readonly tokenKey?: string;
  /** PushKit (VoIP) token. */
  readonly secondToken?: string;
  /** If set, each publish must carry it in its publish-options. */
  readonly secret?: string;
  /** Learned when a push was accepted there; only for apps whose environment is `auto`. */
  readonly environment?: Environment;
  /** Bare JID of the room that publishes instead of the account's server (p2). */
  readonly room?: string;
  /** Our domain at which the client registered; absent if it did not register over XMPP. */
  readonly component?: string;
  /** Milliseconds since 1970 of the latest registration request; 0: unknown, as it was imported or made of its node. */
  readonly registeredAtMs: number;
  /** It was made of its node, which the store did not have: the device may have told us another token since. */
  readonly isRestored?: true;
  /** A provider has accepted a push for this token before, so that the device is known to exist. */
  readonly wasAccepted?: true;
}

/** What a client asks for when it registers. */
export interface RegistrationRequest {
  readonly app: string;
  readonly convention: string;
  readonly account: string;
  readonly device: string;
  readonly token: string;
  readonly secondToken?: string;
  /** Whether the registration gets a secret. It stays the same when the client registers again. */
  readonly withSecret: boolean;
  readonly room?: string;
  readonly component?: string;
  /** Account hash under which an import without account and device may have stored this device (p2). */
  readonly importedAs?: string;
}

/** Selects the registrations to unregister. Account and token are compared after `foldCase`. */
export interface RegistrationMatch {
  readonly account: string;
  /** Names the device by its first token, its `device` or its node. */
  readonly token: string;
  /** Absent where the client names an app that is not ours (Snikket over HTTP). */
  readonly app?: string;
}

/** A device that is new may not register now; one that is known registers as before. */
export class TooManyRegistrations extends Error {
  override readonly name = 'TooManyRegistrations';

  /** @param reason `domain`: it has as many as it may have; `day`: as many were new today */
  constructor(reason: 'domain' | 'day') {
    super(`too many registrations of one domain (${reason})`);
  }
}
