import type { Clock } from '../clock.ts';
import type { App, Outcome, Provider } from '../push.ts';
import type { Metrics } from '../telemetry.ts';

/** What the two providers do alike around their sending. */
export interface ProviderParts {
  readonly app: App;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly send: Provider['send'];
  readonly largestCiphertext: Provider['largestCiphertext'];
  /** Closes the connections once nothing is under way any more. */
  readonly close: () => Promise<void>;
}

/** Measures each push; drains in the order that loses none: refuse what is new, wait for the rest, close. */
export function assembleProvider({ app, clock, metrics, send, largestCiphertext, close }: ProviderParts): Provider {
  const underway = new Set<Promise<Outcome>>();
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
    async drain() {
      isDraining = true;
      await Promise.all(underway);
      await close();
    },
  };
}
