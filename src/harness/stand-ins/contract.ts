/** What the two provider stand-ins have in common, and what scenarios and the demonstration see of them. */

/** A push as it reached a provider, accepted or not. */
export interface ReceivedPush {
  readonly provider: 'apns' | 'fcm';
  /** Device token that it was addressed to. */
  readonly token: string;
  /** APNs: the request's headers without pseudo-headers; FCM: those of the HTTP request. */
  readonly headers: Readonly<Record<string, string>>;
  /** The request's JSON. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Size of the encoded JSON. */
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** The answer that was given; 0: none (hang, reset, or the sender had gone away). */
  readonly status: number;
  /** APNs `reason` or FCM `errorCode` of the answer. */
  readonly reason?: string;
  /** FCM: its message, where it found something wrong itself. */
  readonly detail?: string;
}

/** How a stand-in is to treat a token; unscripted tokens are accepted after all checks. */
export interface Script {
  /** Answer with this status, and reason (APNs) or `errorCode` (FCM). */
  readonly status?: number;
  readonly reason?: string;
  /** APNs: `timestamp` of a 410, milliseconds since 1970; default: now. */
  readonly timestampMs?: number;
  /** Value of `Retry-After`, seconds or an HTTP date. */
  readonly retryAfter?: string;
  /** Literal body in place of the provider's own; empty and HTML bodies among them. */
  readonly body?: string;
  readonly delayMs?: number;
  /**
   * The request's body is left unread for so long. A sender is held up in the middle of it as soon as the stand-in's
   * `streamWindow` is full. FCM: the device is named in the body, so only the answer is late.
   */
  readonly readAfterMs?: number;
  /**
   * What happens instead of an answer. `cut`: the connection ends in the middle of the body; `stall`: the push is accepted,
   * and the body of that answer does not end.
   */
  readonly fault?: 'hang' | 'reset' | 'cut' | 'stall' | 'cancel' | 'goaway' | 'goaway-unprocessed';
  /** Applies to this many pushes, then the token is as unscripted; default: for ever. */
  readonly times?: number;
}

/** How tokens without a script are treated for a while. */
export interface Spell {
  readonly minutes: number;
  /** What befalls which share of the pushes, 0 to 1; the rest are accepted after all checks. Default: all are. */
  readonly mix?: readonly { readonly share: number; readonly script: Script }[];
}

/** A provider on loopback: a real TLS server with the provider's own checks, statuses and reasons. */
export interface StandIn {
  /** `https://127.0.0.1:PORT`: the app's `endpoint`. */
  readonly origin: string;
  /** PEM of the authority that signed its certificate: the app's `ca`. */
  readonly ca: string;
  /** The latest pushes, oldest first; bounded. */
  readonly received: readonly ReceivedPush[];
  /** Sees each push as it is answered; the returned function ends that. */
  onPush(listener: (push: ReceivedPush) => void): () => void;
  /** Resolves with the first push, past or future, that `wanted` accepts; rejects after `timeoutMs`. */
  waitFor(wanted: (push: ReceivedPush) => boolean, timeoutMs: number): Promise<ReceivedPush>;
  /** Scripts one token, or every token with `'*'`; `undefined` ends the script. */
  script(token: string, script: Script | undefined): void;
  /** One spell after another from now on, by the stand-in's clock; then all is well. Replaces the schedule before. */
  schedule(spells: readonly Spell[]): void;
  /** Ends all connections and listens no more: whoever comes is refused by the system. */
  closePort(): Promise<void>;
  /** Listens again, where it did before. */
  openPort(): Promise<void>;
  close(): Promise<void>;
}
