import type { ReceivedPush } from '../../src/harness/stand-ins/contract.ts';
import { callLifeMs, type LedgerEntry, type LedgerEvent } from './ledger-entry.ts';
import { gaveWayUntil } from './places.ts';
import { staysOf } from './stays.ts';
import { judgeSuperseded } from './superseded.ts';
import { createTroubles } from './troubles.ts';

/** The balance: what adds up and what does not. */
export interface LedgerReport {
  readonly entries: readonly LedgerEntry[];
  /**
   * Time of the slowest alert or wake-up to a living device. A push to a dead device is excused if it was published no
   * longer than this before the death, since weather and back-off were the same for both.
   */
  readonly slowestMs: number;
  /** Alerts and wake-ups that were answered with `result` but neither arrived nor ended by a rule. */
  readonly lost: readonly LedgerEntry[];
  /** Those answered with `result` that newer pushes of the registration displaced at the outbox's limit. */
  readonly replaced: readonly LedgerEntry[];
  /** Number of calls answered with `result`. */
  readonly answeredCalls: number;
  /** Calls of these to devices that were alive while they rang, with the clock running and the server mostly up. */
  readonly promisedCalls: readonly LedgerEntry[];
  /** Calls of these that never arrived, as a call may after half a minute. */
  readonly missedCalls: readonly LedgerEntry[];
  /** Calls that rang after their end. */
  readonly late: readonly LedgerEntry[];
  /** Publishes whose copies had several `apns-id`s, or none. */
  readonly torn: readonly LedgerEntry[];
  /** Publishes of which a copy went to another device. */
  readonly astray: readonly LedgerEntry[];
  /** Number of each answer. */
  readonly answers: ReadonlyMap<string, number>;
}

/** Books publishes, answers and arrivals, and reports what does not add up. */
export interface Ledger {
  record(event: LedgerEvent): void;
  /** Takes time in proportion to the number of publishes. */
  report(): LedgerReport;
  /** Whether nothing is lost and each call has arrived or expired. */
  balances(nowMs: number): boolean;
  /** The publishes among these that no provider accepted. */
  missing(numbers: readonly number[]): number[];
}

const noId = 'none';

export function createLedger(): Ledger {
  const entries: LedgerEntry[] = [];
  const goneAtMs = new Map<string, number>();
  const astray = new Set<LedgerEntry>();
  let storeLostAtMs = -Infinity;
  /** Undefined: not known, so that the times tell which may have been. */
  let displaced: ReadonlySet<number> | undefined;
  const troubles = createTroubles();

  function record(event: LedgerEvent): void {
    troubles.record(event);
    switch (event.kind) {
      case 'published': {
        const { number, of, device, atMs } = event;
        entries[number] = { number, kind: of, device, publishedAtMs: atMs, acceptedAtMs: [], ids: new Set() };
        return;
      }
      case 'answered': {
        const entry = entries[event.number];
        if (!entry) return;
        entry.answer = event.answer;
        entry.answeredAtMs = event.atMs;
        return;
      }
      case 'received':
        return receive(event);
      case 'gone':
        goneAtMs.set(event.token, event.atMs);
        return;
      case 'store-lost':
        storeLostAtMs = event.atMs;
        return;
      case 'displaced':
        displaced = new Set(event.numbers);
        return;
      case 'killed':
      case 'hung-up':
      case 'set-back':
      case 'disk-full':
        return;
    }
  }

  function receive({ number, provider, token, status, id = noId, atMs }: LedgerEvent & { kind: 'received' }): void {
    const entry = entries[number];
    if (!entry) return;
    const { token: first, secondToken } = entry.device;
    if (token !== first && !(entry.kind === 'call' && token === secondToken)) astray.add(entry);
    if (provider === 'apns') entry.ids.add(id);
    if (status === 200) entry.acceptedAtMs.push(atMs);
  }

  /**
   * Whether a push answered with `result` had to arrive; one that its device's death, or the loss of the store, may have met in
   * the outbox is excused.
   */
  function promised(slowestMs: number): LedgerEntry[] {
    return entries.filter(({ kind, answer, device, publishedAtMs }) => {
      const diedAtMs = goneAtMs.get(device.token) ?? Infinity;
      return (
        answer === 'result' &&
        publishedAtMs > storeLostAtMs &&
        publishedAtMs <= diedAtMs - (kind === 'call' ? callLifeMs : slowestMs)
      );
    });
  }

  /**
   * Whether the database saw it, or else whether at some moment so many newer pushes of its registration may have been queued
   * that there was no place for this one.
   */
  function judgeReplaced(): (entry: LedgerEntry) => boolean {
    const known = displaced;
    if (known) return ({ number }) => known.has(number);
    const untilMs = new Map<string, number>();
    for (const [token, own] of Map.groupBy(entries, ({ device }) => device.token)) {
      const kept = own.map((entry) => staysOf(entry, troubles));
      const places = [
        kept.flatMap(({ waiting }) => waiting ?? []),
        kept.flatMap(({ leftClaimed }) => leftClaimed ?? []),
      ];
      untilMs.set(token, Math.max(...places.map(gaveWayUntil)));
    }
    return ({ device, publishedAtMs }) => publishedAtMs <= (untilMs.get(device.token) ?? -Infinity);
  }

  function report(): LedgerReport {
    const slowestMs = slowest(entries.filter(({ device }) => !goneAtMs.has(device.token)));
    const isReplaced = judgeReplaced();
    const isSuperseded = judgeSuperseded(entries);
    const isMissing = ({ acceptedAtMs }: LedgerEntry) => acceptedAtMs.length === 0;
    const kept = promised(slowestMs);
    const promisedCalls = kept.filter((entry) => entry.kind === 'call' && !troubles.silenced(entry));
    return {
      entries,
      slowestMs,
      lost: kept.filter(
        (entry) => entry.kind !== 'call' && isMissing(entry) && !isReplaced(entry) && !isSuperseded(entry),
      ),
      replaced: entries.filter((entry) => entry.answer === 'result' && isMissing(entry) && isReplaced(entry)),
      answeredCalls: entries.filter(({ kind, answer }) => kind === 'call' && answer === 'result').length,
      promisedCalls,
      missedCalls: promisedCalls.filter(isMissing),
      late: entries.filter((entry) => entry.kind === 'call' && rangFor(entry) > callLifeMs && !troubles.unread(entry)),
      torn: entries.filter(({ ids }) => ids.size > 1 || ids.has(noId)),
      astray: [...astray],
      answers: count(entries.map(({ answer = 'none' }) => answer)),
    };
  }

  return {
    record,
    report,
    balances(nowMs) {
      const { lost, missedCalls } = report();
      return lost.length === 0 && missedCalls.every(({ publishedAtMs }) => nowMs - publishedAtMs > callLifeMs);
    },
    missing: (numbers) => numbers.filter((number) => (entries[number]?.acceptedAtMs.length ?? 0) === 0),
  };
}

function slowest(entries: readonly LedgerEntry[]): number {
  return entries.reduce(
    (most, { kind, publishedAtMs, acceptedAtMs: [first = 0] }) =>
      kind === 'call' ? most : Math.max(most, first - publishedAtMs),
    0,
  );
}

const rangFor = ({ publishedAtMs, acceptedAtMs }: LedgerEntry) => (acceptedAtMs.at(-1) ?? 0) - publishedAtMs;

function count(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** Base64 that starts with the number and is as long as a real ciphertext. */
export function ciphertextOf(number: number): string {
  const bytes = Buffer.alloc(300, 0xa5);
  bytes.writeUInt32BE(number);
  return bytes.toString('base64');
}

/** Number of the publish with this ciphertext, of which the first eight characters are enough. */
export function numberOf(ciphertext: string): number {
  const bytes = Buffer.from(ciphertext.slice(0, 8), 'base64');
  return bytes.length >= 4 ? bytes.readUInt32BE() : -1;
}

/** Number of the publish that led to this push; -1 if there is none. */
export function numberIn({ body }: Pick<ReceivedPush, 'body'>): number {
  const message = body['message'] as { data?: Record<string, unknown> } | undefined;
  const ciphertext = body['encrypted'] ?? message?.data?.['encrypted'];
  return typeof ciphertext === 'string' ? numberOf(ciphertext) : -1;
}
