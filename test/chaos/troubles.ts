import { callLifeMs, type LedgerEntry, type LedgerEvent, type ProviderName } from './ledger-entry.ts';
import { firstOf, overlapMs, type Spell } from './spells.ts';

/** Events of the server and its connections, independent of single pushes. */
export interface Troubles {
  record(event: LedgerEvent): void;
  /** The first kill at or after this time. */
  killFrom(atMs: number): Spell | undefined;
  /** The kill that kept the outbox from recording the acceptance; undefined if it may have been recorded. */
  killAmid(provider: ProviderName, takenAtMs: number): Spell | undefined;
  /** Whether the clock was set back while a call rang, which ends queued calls, or the server was mostly down. */
  silenced(call: LedgerEntry): boolean;
  /** Whether a server was down or suspended for most of the life of a call, and so may have read it when it was over. */
  unread(call: LedgerEntry): boolean;
}

/**
 * Time from a provider's acceptance until the outbox has recorded it, on a loaded machine, with retries for a full
 * disk.
 */
export const settledWithinMs = 5_000;

/** An answer given this shortly before its connection ended may have been lost. */
const heardWithinMs = 1_000;

export function createTroubles(): Troubles {
  const kills: Spell[] = [];
  const fullDisks: Spell[] = [];
  const setBacks: Spell[] = [];
  /** Times at which answers were lost, in order. */
  const unheardAtMs: Record<ProviderName, number[]> = { apns: [], fcm: [] };

  const lifeOf = ({ publishedAtMs }: LedgerEntry) => ({ fromMs: publishedAtMs, untilMs: publishedAtMs + callLifeMs });
  const unread = (call: LedgerEntry) => overlapMs(kills, lifeOf(call)) > callLifeMs / 2;

  return {
    record(event) {
      if (event.kind === 'killed') kills.push(event);
      if (event.kind === 'disk-full') fullDisks.push(event);
      if (event.kind === 'set-back') setBacks.push(event);
      if (event.kind === 'hung-up') unheardAtMs[event.provider].push(event.atMs);
      if (event.kind === 'received' && event.status === 0) unheardAtMs[event.provider].push(event.atMs);
    },
    killFrom: (atMs) => firstOf(kills, ({ fromMs }) => fromMs >= atMs),
    killAmid(provider, takenAtMs) {
      const kill = firstOf(kills, ({ untilMs }) => untilMs >= takenAtMs);
      if (!kill || kill.fromMs > takenAtMs + settledWithinMs) return undefined;
      // The server believed that it was still queued.
      const unheardMs = firstOf(unheardAtMs[provider], (atMs) => atMs >= takenAtMs) ?? Infinity;
      if (unheardMs <= Math.min(takenAtMs + heardWithinMs, kill.fromMs)) return undefined;
      // The server could not record that it was being sent.
      const near = { fromMs: takenAtMs - settledWithinMs, untilMs: takenAtMs + settledWithinMs };
      return overlapMs(fullDisks, near) > 0 ? undefined : kill;
    },
    silenced: (call) => overlapMs(setBacks, lifeOf(call)) > 0 || unread(call),
    unread,
  };
}
