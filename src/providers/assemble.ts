import type { App } from '../core/app.ts';
import { Underway } from '../core/underway.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { Concern, Hints, Provider } from './provider.ts';
import { hintForConnection } from './unconnected.ts';

/** An app's watched credentials of either kind, as the operator sees them. */
export interface WatchedCredentials {
  readonly concern: Concern | undefined;
  /** Checks now whether they were replaced; never rejects. */
  check(): Promise<void>;
  stop(): void;
}

/** The parts of a provider that `assembleProvider` combines. */
export interface ProviderParts {
  readonly app: App;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly send: Provider['send'];
  readonly largestCiphertext: Provider['largestCiphertext'];
  /** What an operator can do about each reason of `misconfigured`. */
  readonly hints: Hints;
  readonly credentials: WatchedCredentials;
  readonly hurry: Provider['hurry'];
  /** Closes the connections after the last request has ended. */
  readonly close: () => Promise<void>;
}

/** Measures each push. Drains without loss: it refuses new pushes, waits for those under way and then closes. */
export function assembleProvider(parts: ProviderParts): Provider {
  const { app, clock, metrics, send, largestCiphertext, hints, credentials, hurry, close } = parts;
  const underway = new Underway();
  const labels = { app: app.name, provider: app.provider };
  let isDraining = false;
  return {
    async send(push, device, deadlineMs, onStatus) {
      if (isDraining) return { kind: 'retry', reason: 'closed', scope: 'app' };
      const startedAtMs = clock.monotonic();
      underway.begin();
      try {
        return await send(push, device, deadlineMs, onStatus);
      } finally {
        underway.end();
        metrics.pushDuration.observe(labels, (clock.monotonic() - startedAtMs) / 1000);
      }
    },
    largestCiphertext,
    explain: (reason) => (Object.hasOwn(hints, reason) ? hints[reason] : hintForConnection(reason)) ?? hints.other,
    get concern() {
      return credentials.concern;
    },
    checkCredentials: () => credentials.check(),
    hurry,
    async drain() {
      isDraining = true;
      credentials.stop();
      await underway.whenIdle();
      await close();
    },
  };
}
