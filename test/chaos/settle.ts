import { setTimeout as pause } from 'node:timers/promises';
import { callLifeMs, type LedgerEntry } from './ledger.ts';
import { countedEveryMs, type Stage } from './stage.ts';

/** Resolves when nothing is queued; where the books do not balance, when that was counted after whatever came before. */
export async function settle(stage: Stage, deadline: AbortSignal): Promise<void> {
  const { ledger } = stage;
  const isOver = ({ publishedAtMs }: LedgerEntry) => Date.now() - publishedAtMs > callLifeMs;
  const balances = () => ledger.lost().length === 0 && ledger.missedCalls().every(isOver);
  for (let nothingSinceMs = Infinity; ; await pause(100)) {
    const queued = await stage.countQueued();
    if (queued !== 0) nothingSinceMs = Infinity;
    else if (balances()) return;
    else nothingSinceMs = Math.min(nothingSinceMs, performance.now());
    if (performance.now() - nothingSinceMs > countedEveryMs + 1_000) return;
    if (deadline.aborted)
      throw new Error(`not settled in time: ${queued} queued; the server's log:\n${complaints(stage)}`);
  }
}

function complaints({ sealpost }: Stage): string {
  const lines = sealpost.lines.filter((line) => /"level":[456]0/.test(line));
  return lines.slice(-5).join('\n');
}
