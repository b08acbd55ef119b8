import type { LedgerEntry } from './ledger-entry.ts';

/** The default `backgroundInterval`, and as long as the next publish may wait to be read. */
const withinMs = 20_000 + 5_000;

/**
 * Makes the function that tells whether a wake-up gave way to a newer one: of those that come within an interval the first goes at
 * once, and the newest at its end. The newest itself must arrive.
 */
export function judgeSuperseded(entries: readonly LedgerEntry[]): (entry: LedgerEntry) => boolean {
  const wakeUps = entries.filter(({ kind, answer }) => kind === 'background' && mayBeHeld.has(answer ?? ''));
  const next = new Map<LedgerEntry, LedgerEntry>();
  for (const own of Map.groupBy(wakeUps, ({ device }) => device.token).values()) {
    for (const [i, entry] of own.entries()) {
      const newer = own[i + 1];
      if (newer) next.set(entry, newer);
    }
  }
  // One that a suspended process reads is held from then on, and answered.
  const heldAtMs = ({ publishedAtMs, answeredAtMs = 0 }: LedgerEntry) => Math.max(publishedAtMs, answeredAtMs);
  return (entry) => (next.get(entry)?.publishedAtMs ?? Infinity) - heldAtMs(entry) <= withinMs;
}

/** Answers after which the push may be in the outbox. */
const mayBeHeld: ReadonlySet<string> = new Set(['result', 'disconnected']);
