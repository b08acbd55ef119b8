import { callLifeMs, type LedgerEntry } from './ledger-entry.ts';
import type { Stay } from './places.ts';
import { settledWithinMs, type Troubles } from './troubles.ts';

/** What has expired keeps its place until the server clears it away. */
const clearedEveryMs = 10_000;

/**
 * How long a push may have had a place in the outbox: from its publishing until its provider has taken it and the outbox has
 * heard of that, whether its own server heard `result` or the link died first. Killed between the two, the server sends it
 * again; from then on its place is among those that were left claimed, and displaces none of the others. Any push that
 * outlives a kill may be among these.
 */
export function staysOf(
  entry: LedgerEntry,
  troubles: Pick<Troubles, 'killFrom' | 'killAmid'>,
): { readonly waiting?: Stay; readonly leftClaimed?: Stay } {
  const untilMs = endOf(entry);
  if (untilMs === undefined) return {};
  const { publishedAtMs: fromMs, acceptedAtMs, answeredAtMs: storedByMs = Infinity, device } = entry;
  const amid = acceptedAtMs.map((atMs) => troubles.killAmid(device.provider, atMs)).find((kill) => kill !== undefined);
  const waiting = { fromMs, untilMs: amid?.untilMs ?? untilMs, storedByMs };
  const kill = troubles.killFrom(fromMs);
  const lastMs = acceptedAtMs.at(-1) ?? untilMs;
  if (!kill || lastMs < kill.fromMs) return { waiting };
  return { waiting, leftClaimed: { fromMs: kill.fromMs, untilMs, storedByMs } };
}

/** When the stay ends by what is known last of the push; undefined when it cannot have had one. */
function endOf({ kind, answer, publishedAtMs, acceptedAtMs }: LedgerEntry): number | undefined {
  const lastMs = acceptedAtMs.at(-1);
  if (lastMs !== undefined) return lastMs + settledWithinMs;
  if (kind === 'call') return publishedAtMs + callLifeMs + clearedEveryMs;
  // Had it been stored, it would have arrived, or have given way to twenty that arrived.
  return answer === 'result' ? Infinity : undefined;
}
