import { setTimeout as pause } from 'node:timers/promises';
import { countedEveryMs, type Stage } from './stage.ts';

/** Resolves once nothing is queued, as counted after the last event if the books do not balance. */
export async function settle(stage: Stage, deadline: AbortSignal): Promise<void> {
  for (let nothingSinceMs = Infinity; ; await pause(250)) {
    const queued = await stage.countQueued();
    if (queued !== 0) nothingSinceMs = Infinity;
    else if (await stage.books.balance()) return;
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
