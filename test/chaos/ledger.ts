import type { ReceivedPush } from '../../src/harness/stand-ins/contract.ts';
import { callLifetimeMs } from '../../src/core/routing.ts';
import type { Device } from './traffic.ts';

/** One publish and what became of it. */
export interface LedgerEntry {
  /** What the ciphertext has to carry. */
  readonly number: number;
  readonly kind: 'alert' | 'call' | 'background';
  readonly device: Device;
  readonly publishedAtMs: number;
  /** Absent while unanswered, and for ever when the link died first. */
  answer?: string;
  /** Copies that a provider accepted. */
  accepted: number;
  /** Of the first copy. */
  acceptedAtMs?: number;
  /** Of the last copy. */
  latestAtMs?: number;
  /** Of all copies that reached APNs, accepted or not. */
  readonly ids: Set<string>;
}

/** Books what was published, what was answered and what arrived, and tells what does not add up. */
export interface Ledger {
  readonly entries: readonly LedgerEntry[];
  published(entry: Pick<LedgerEntry, 'kind' | 'device' | 'publishedAtMs'>): LedgerEntry;
  received(push: ReceivedPush): void;
  /** From now on its provider declares this device gone. */
  gone(device: Device): void;
  /**
   * How long the slowest alert or wake-up to a living device took. One to a device that died is excused if it was published
   * no longer before the death: weather and back-off were the same for both.
   */
  slowestMs(): number;
  /** Alerts and wake-ups that were answered `result` and have neither arrived nor ended by a rule. */
  lost(): LedgerEntry[];
  /** Calls that were answered `result`, to devices that were there for as long as they rang. */
  promisedCalls(): LedgerEntry[];
  /** Those of them that never arrived: a call may, after half a minute. */
  missedCalls(): LedgerEntry[];
  /** Publishes that gave way to newer ones of their registration, by the cap of the outbox. */
  replaced(): LedgerEntry[];
  /** Calls that rang when they were over. */
  late(): LedgerEntry[];
  /** Publishes whose copies had different `apns-id`s, or none. */
  torn(): LedgerEntry[];
  /** How often each answer came. */
  answers(): Map<string, number>;
  /** Publishes of which a copy went to another device. */
  readonly astray: ReadonlySet<LedgerEntry>;
}

/** A call may end undelivered by its own rule, and must not ring after it; a second is for measuring. */
export const callLifeMs = callLifetimeMs + 1_000;

export function createLedger(): Ledger {
  const entries: LedgerEntry[] = [];
  const goneAtMs = new Map<string, number>();
  const astray = new Set<LedgerEntry>();

  const slowestMs = () => {
    const arrived = entries.filter(({ kind, device }) => kind !== 'call' && !goneAtMs.has(device.token));
    return arrived.reduce(
      (most, { publishedAtMs, acceptedAtMs = 0 }) => Math.max(most, acceptedAtMs - publishedAtMs),
      0,
    );
  };
  /** What was answered `result` and could arrive: what its device's death can have met in the outbox is excused. */
  const promised = () => {
    const queuedForMs = slowestMs();
    return entries.filter(({ kind, answer, device, publishedAtMs }) => {
      const diedAtMs = goneAtMs.get(device.token) ?? Infinity;
      return answer === 'result' && publishedAtMs <= diedAtMs - (kind === 'call' ? callLifeMs : queuedForMs);
    });
  };
  const promisedCalls = () => promised().filter(({ kind }) => kind === 'call');

  return {
    entries,
    astray,
    published(given) {
      const entry = { ...given, number: entries.length, accepted: 0, ids: new Set<string>() };
      entries.push(entry);
      return entry;
    },
    received({ provider, status, body, headers, atMs, token }) {
      const ciphertext = body['encrypted'] ?? dataOf(body)['encrypted'];
      const entry = entries[numberIn(typeof ciphertext === 'string' ? ciphertext : '')];
      if (!entry) return;
      const { token: first, secondToken } = entry.device;
      if (token !== first && !(entry.kind === 'call' && token === secondToken)) astray.add(entry);
      if (provider === 'apns') entry.ids.add(headers['apns-id'] ?? noId);
      if (status !== 200) return;
      entry.accepted += 1;
      entry.acceptedAtMs ??= atMs;
      entry.latestAtMs = atMs;
    },
    slowestMs,
    gone: ({ token }) => void goneAtMs.set(token, Date.now()),
    lost() {
      const missing = promised().filter(({ kind, accepted }) => accepted === 0 && kind !== 'call');
      return missing.filter((entry) => !isReplaced(entry, entries));
    },
    promisedCalls,
    missedCalls: () => promisedCalls().filter(({ accepted }) => accepted === 0),
    replaced() {
      return entries.filter((entry) => entry.answer === 'result' && entry.accepted === 0 && isReplaced(entry, entries));
    },
    late() {
      return entries.filter(
        ({ kind, publishedAtMs, latestAtMs }) => kind === 'call' && (latestAtMs ?? 0) - publishedAtMs > callLifeMs,
      );
    },
    torn: () => entries.filter(({ ids }) => ids.size > 1 || ids.has(noId)),
    answers() {
      const counts = new Map<string, number>();
      for (const { answer = 'none' } of entries) counts.set(answer, (counts.get(answer) ?? 0) + 1);
      return counts;
    },
  };
}

const noId = 'none';

/** The rule of the outbox: of the pushes of one registration the newest 20 stay, the oldest go. */
const perRegistration = 20;

/** Whether at some moment so many newer pushes of the same registration were queued that there was no place for this one. */
function isReplaced(entry: LedgerEntry, entries: readonly LedgerEntry[]): boolean {
  const newer = entries.filter(
    ({ device, publishedAtMs, answer }) =>
      device.token === entry.device.token && answer === 'result' && publishedAtMs > entry.publishedAtMs,
  );
  return newer.some(({ publishedAtMs: momentMs }) => {
    const queued = newer.filter(
      ({ publishedAtMs, acceptedAtMs }) => publishedAtMs <= momentMs && (acceptedAtMs ?? Infinity) > momentMs,
    );
    return queued.length >= perRegistration;
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
