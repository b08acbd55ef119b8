import { callLifeMs, type LedgerEntry, type LedgerEvent, type ProviderName } from './ledger-entry.ts';
import { firstOf, overlapMs, type Spell } from './spells.ts';

/** What befell the server and its connections, beside the story of each push. */
export interface Troubles {
  record(event: LedgerEvent): void;
  /** The first kill from then on. */
  killFrom(atMs: number): Spell | undefined;
  /** The kill that kept the outbox from hearing of what the provider took then; undefined where it may have been otherwise. */
  killAmid(provider: ProviderName, takenAtMs: number): Spell | undefined;
  /** Whether a call rang while the clock was set back, which ends what is queued, or while the server was down for the most part. */
  silenced(call: LedgerEntry): boolean;
}

/** From a provider's taking a push until the outbox has written that, on a loaded machine; and for a full disk's retries. */
export const settledWithinMs = 5_000;

/** An answer that a provider gave so shortly before its connections ended may not have been heard. */
const heardWithinMs = 1_000;

export function createTroubles(): Troubles {
  const kills: Spell[] = [];
  const fullDisks: Spell[] = [];
  const setBacks: Spell[] = [];
  /** Times at which answers went unheard, in their order. */
  const unheardAtMs: Record<ProviderName, number[]> = { apns: [], fcm: [] };

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
      // The server took it for one that is still queued.
      const unheardMs = firstOf(unheardAtMs[provider], (atMs) => atMs >= takenAtMs) ?? Infinity;
      if (unheardMs <= Math.min(takenAtMs + heardWithinMs, kill.fromMs)) return undefined;
      // It could not note that it was being sent.
      const near = { fromMs: takenAtMs - settledWithinMs, untilMs: takenAtMs + settledWithinMs };
      return overlapMs(fullDisks, near) > 0 ? undefined : kill;
    },
    silenced({ publishedAtMs }) {
      const life = { fromMs: publishedAtMs, untilMs: publishedAtMs + callLifeMs };
      return overlapMs(setBacks, life) > 0 || overlapMs(kills, life) > callLifeMs / 2;
    },
  };
}
