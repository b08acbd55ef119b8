import { callLifeMs, type LedgerEntry } from './ledger-entry.ts';
import type { Stay } from './places.ts';
import { settledWithinMs, type Troubles } from './troubles.ts';

/** An expired push keeps its place until the server removes it. */
const clearedEveryMs = 10_000;

/**
 * The time in which a push may have had a place in the outbox: from its publish until its provider accepted it and the
 * outbox knows, whether its server got `result` or the link was lost first. If the server is killed between the two, it
 * sends the push again, and from then on the push is among those left leased, which displace no others. That is
 * possible for every push that outlives a kill.
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

/** The end of the stay as far as is known; undefined if the push cannot have had a place. */
function endOf({ kind, answer, publishedAtMs, acceptedAtMs }: LedgerEntry): number | undefined {
  const lastMs = acceptedAtMs.at(-1);
  if (lastMs !== undefined) return lastMs + settledWithinMs;
  if (kind === 'call') return publishedAtMs + callLifeMs + clearedEveryMs;
  // A stored push would have arrived, or been displaced by twenty that arrived.
  return answer === 'result' ? Infinity : undefined;
}
