import type { App } from '../core/app.ts';
import type { PushResult } from '../core/push.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { Concern, Hints, Provider } from './provider.ts';

/** An app's credentials, of whatever kind, as the operator sees them. */
export interface WatchedCredentials {
  readonly concern: Concern | undefined;
  /** Looks now whether they were replaced; never rejects. */
  check(): Promise<void>;
  stop(): void;
}

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

/** Measures each push; drains in the order that loses none: refuse what is new, wait for the rest, close. */
export function assembleProvider(parts: ProviderParts): Provider {
  const { app, clock, metrics, send, largestCiphertext, hints, credentials, close } = parts;
  const underway = new Set<Promise<PushResult>>();
  const labels = { app: app.name, provider: app.provider };
  let isDraining = false;
  return {
    async send(push, device, deadlineMs) {
      if (isDraining) return { kind: 'retry', reason: 'closed', scope: 'app' };
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
