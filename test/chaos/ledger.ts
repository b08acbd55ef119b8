import assert from 'node:assert/strict';
import type { ReceivedPush } from '../../src/harness/contract.ts';

/** One publish and what became of it. */
export interface LedgerEntry {
  readonly kind: 'alert' | 'call' | 'background';
  readonly token: string;
  readonly publishedAtMs: number;
  /** Absent while unanswered, and for ever when the link died first. */
  answer?: string;
  /** Copies that a provider accepted. */
  accepted: number;
  /** Of the first copy. */
  acceptedAtMs?: number;
  /** Of the last copy. */
  latestAtMs?: number;
  readonly ids: Set<string>;
}

/** Books what was published, what was answered and what arrived, and tells what does not add up. */
export interface Ledger {
  readonly entries: readonly LedgerEntry[];
  /** @returns the number that the ciphertext has to carry */
  published(entry: Pick<LedgerEntry, 'kind' | 'token' | 'publishedAtMs'>): number;
  answered(number: number, answer: string): void;
  received(push: ReceivedPush): void;
  /** A provider declared this device gone. */
  gone(token: string): void;
  /** Publishes that were answered `result` and have neither arrived nor ended by a rule. */
  lost(): LedgerEntry[];
  /** Publishes that gave way to newer ones of their registration, by the cap of the outbox. */
  replaced(): LedgerEntry[];
  /** Calls that rang when they were over. */
  late(): LedgerEntry[];
  /** Publishes whose copies had different `apns-id`s. */
  torn(): LedgerEntry[];
}

/** A call may end undelivered by its own rule, half a minute, and must not ring after it; a second is for measuring. */
const callLifeMs = 30_000 + 1_000;

export function createLedger(): Ledger {
  const entries: LedgerEntry[] = [];
  const goneTokens = new Set<string>();
  return {
    entries,
    published(entry) {
      return entries.push({ ...entry, accepted: 0, ids: new Set() }) - 1;
    },
    answered(number, answer) {
      const entry = entries[number];
      if (entry) entry.answer = answer;
    },
    received({ status, body, headers, atMs, token }) {
      if (status !== 200) return;
      const ciphertext = body['encrypted'] ?? dataOf(body)['encrypted'];
      const entry = entries[numberIn(typeof ciphertext === 'string' ? ciphertext : '')];
      if (!entry) return;
      // PushKit tokens are other ones than those of the ledger.
      assert.ok(entry.kind === 'call' || entry.token === token, 'a push went to a strange device');
      entry.accepted += 1;
      entry.acceptedAtMs ??= atMs;
      entry.latestAtMs = atMs;
      const id = headers['apns-id'];
      if (id !== undefined) entry.ids.add(id);
    },
    gone: (token) => void goneTokens.add(token),
    lost() {
      const missing = entries.filter(
        ({ kind, token, answer, accepted }) =>
          answer === 'result' && accepted === 0 && kind !== 'call' && !goneTokens.has(token),
      );
      return missing.filter((entry) => !isReplaced(entry, entries));
    },
    replaced() {
      return entries.filter((entry) => entry.answer === 'result' && entry.accepted === 0 && isReplaced(entry, entries));
    },
    late() {
      return entries.filter(
        ({ kind, publishedAtMs, latestAtMs }) => kind === 'call' && (latestAtMs ?? 0) - publishedAtMs > callLifeMs,
      );
    },
    torn: () => entries.filter(({ ids }) => ids.size > 1),
  };
}

/** The rule of the outbox: of the pushes of one registration the newest 20 stay, the oldest go. */
const perRegistration = 20;

/** Whether at some moment so many newer pushes of the same registration were owed that there was no place for this one. */
function isReplaced(entry: LedgerEntry, entries: readonly LedgerEntry[]): boolean {
  const newer = entries.filter(
    ({ token, publishedAtMs, answer }) =>
      token === entry.token && answer === 'result' && publishedAtMs > entry.publishedAtMs,
  );
  return newer.some(({ publishedAtMs: momentMs }) => {
    const owed = newer.filter(
      ({ publishedAtMs, acceptedAtMs }) => publishedAtMs <= momentMs && (acceptedAtMs ?? Infinity) > momentMs,
    );
    return owed.length >= perRegistration;
  });
}

/** Base64 whose first bytes are the number, long enough for a real ciphertext. */
export function ciphertextOf(number: number): string {
  const bytes = Buffer.alloc(300, 0xa5);
  bytes.writeUInt32BE(number);
  return bytes.toString('base64');
}

function numberIn(ciphertext: string): number {
  const bytes = Buffer.from(ciphertext, 'base64');
  return bytes.length >= 4 ? bytes.readUInt32BE() : -1;
}

function dataOf(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const message = body['message'] as { data?: Record<string, unknown> } | undefined;
  return message?.data ?? {};
}
