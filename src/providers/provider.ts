import type { Environment } from '../core/registration.ts';
import type { Push, PushResult } from '../core/push.ts';
import type { Clock } from '../time/clock.ts';
import type { App } from '../core/app.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** What the two providers do alike around their sending. */
export interface ProviderParts {
  readonly app: App;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly send: Provider['send'];
  readonly largestCiphertext: Provider['largestCiphertext'];
  /** What to do about each reason for `misconfigured`. */
  readonly hints: Hints;
  readonly credentials: WatchedCredentials;
  /** Closes the connections once nothing is under way any more. */
  readonly close: () => Promise<void>;
}

/** By reason; `other` stands for those that are not named. */
export type Hints = Readonly<Record<string, string>> & { readonly other: string };

/** An app's credentials, of whatever kind, as the operator sees them. */
export interface WatchedCredentials {
  readonly concern: Concern | undefined;
  /** Looks now whether they were replaced; never rejects. */
  check(): Promise<void>;
  stop(): void;
}

/** Measures each push; drains in the order that loses none: refuse what is new, wait for the rest, close. */
export function assembleProvider(parts: ProviderParts): Provider {
  const { app, clock, metrics, send, largestCiphertext, hints, credentials, close } = parts;
  const underway = new Set<Promise<PushResult>>();
  const labels = { app: app.name, provider: app.provider };
  let isDraining = false;
  return {
    async send(push, device, deadlineMs) {
      if (isDraining) return { kind: 'retry', reason: 'closed' };
      const startedAtMs = clock.monotonic();
      const sending = send(push, device, deadlineMs);
      underway.add(sending);
      try {
        return await sending;
      } finally {
        underway.delete(sending);
        metrics.pushDuration.observe(labels, (clock.monotonic() - startedAtMs) / 1000);
      }
    },
    largestCiphertext,
    explain: (reason) => (Object.hasOwn(hints, reason) ? hints[reason] : undefined) ?? hints.other,
    get concern() {
      return credentials.concern;
    },
    checkCredentials: () => credentials.check(),
    async drain() {
      isDraining = true;
      credentials.stop();
      await Promise.all(underway);
      await close();
    },
  };
}

/** Where a push goes, taken from the registration at each attempt. */
export interface Device {
  readonly token: string;
  /** Only for apps with `environment: auto`: where the token was accepted last. */
  readonly environment?: Environment;
  readonly registeredAtMs: number;
}

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
