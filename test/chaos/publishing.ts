import { setTimeout as pause } from 'node:timers/promises';
import type { Background } from './background.ts';
import { ciphertextOf, type LedgerEntry } from './ledger.ts';
import type { Stage } from './stage.ts';
import { publish } from './traffic.ts';

/** To whom, and what. */
export type Choice = Pick<LedgerEntry, 'device' | 'kind'>;

/** Publishes once and books it. */
export async function publishOnce({ ledger, ask }: Stage, { device, kind }: Choice): Promise<LedgerEntry> {
  const entry = ledger.published({ kind, device, publishedAtMs: Date.now() });
  const id = `publish-${entry.number}`;
  entry.answer = await ask(id, 'localhost', publish(id, device.node, ciphertextOf(entry.number), kind));
  return entry;
}

/**
 * Publishes at a steady rate, whatever becomes of it, until the background is over; what was asked by then is answered.
 * @param choose is given how many came before
 */
export function publishSteadily(
  stage: Stage,
  background: Background,
  perSecond: number,
  choose: (index: number) => Choice,
): void {
  background.run(async () => {
    const asked = new Set<Promise<unknown>>();
    const startedAtMs = performance.now();
    for (let sent = 0; !background.isOver; await pause(10)) {
      const due = ((performance.now() - startedAtMs) / 1000) * perSecond;
      for (; sent < due; sent += 1) {
        const work = publishOnce(stage, choose(sent));
        asked.add(work);
        void work.finally(() => asked.delete(work));
      }
    }
    await Promise.all(asked);
  });
}
