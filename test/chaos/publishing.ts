import { setTimeout as pause } from 'node:timers/promises';
import type { Background } from './background.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import { ciphertextOf } from './ledger.ts';
import type { Stage } from './stage.ts';
import { publish } from './traffic.ts';

/** To whom, and what. */
export type Choice = Pick<LedgerEntry, 'device' | 'kind'>;

/** Publishes once and books it; resolves with its number and the answer in a word. */
export async function publishOnce({ books, ask }: Stage, { device, kind }: Choice) {
  const number = books.publish({ kind, device });
  const answer = await ask(
    `publish-${number}`,
    'localhost',
    publish(`publish-${number}`, device.node, ciphertextOf(number), kind),
  );
  books.answer(number, answer);
  return { number, answer };
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
