import type { Load, LoadReport } from './protocol.ts';
import { quantile } from './statistics.ts';

/** Sends one request and returns the answer as one word. */
export type SendOne = (index: number, answered: (word: string) => void) => void;

/** Sends `count` requests, each as soon as the window has room; resolves when all are answered. */
export function sendInWindow({ count, window }: Load, send: SendOne): Promise<LoadReport> {
  const latenciesMs = new Float64Array(count);
  const answers: Record<string, number> = {};
  const startedAtMs = performance.now();
  let sent = 0;
  let answered = 0;

  return new Promise((resolve) => {
    function sendNext(): void {
      const index = sent;
      const sentAtMs = performance.now();
      sent += 1;
      send(index, (word) => {
        const now = performance.now();
        latenciesMs[index] = now - sentAtMs;
        answers[word] = (answers[word] ?? 0) + 1;
        answered += 1;
        if (sent < count) sendNext();
        else if (answered === count) finish(now - startedAtMs);
      });
    }

    function finish(durationMs: number): void {
      resolve({ count, durationMs, p50Ms: quantile(latenciesMs, 0.5), p99Ms: quantile(latenciesMs, 0.99), answers });
    }

    while (sent < Math.min(window, count)) sendNext();
  });
}
