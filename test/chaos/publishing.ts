import { setTimeout as pause } from 'node:timers/promises';
import type { Background } from './background.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import { ciphertextOf } from './ledger.ts';
import type { Stage } from './stage.ts';
import { publish } from './traffic.ts';

/** Device and content of a publish. */
export type Choice = Pick<LedgerEntry, 'device' | 'kind'>;

/** Publishes once and books it; resolves with number and answer. */
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
 * Publishes at a steady rate, whatever the answers are, until the background ends, and then waits for the answers.
 * @param choose is called with the number of publishes so far
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
