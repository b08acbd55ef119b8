import { callLifetimeMs } from '../../src/core/routing.ts';
import type { Device } from './traffic.ts';

export type PublishKind = 'alert' | 'call' | 'background';
export type ProviderName = Device['provider'];

/** What happened, with its time in milliseconds since 1970. */
export type LedgerEvent =
  /** `number` counts from 0; the ciphertext carries it. */
  | { kind: 'published'; number: number; of: PublishKind; device: Device; atMs: number }
  /** `answer` in a word. */
  | { kind: 'answered'; number: number; answer: string; atMs: number }
  /** A copy reached a provider; `status` 0: which did not answer. `id` is the `apns-id`. */
  | {
      kind: 'received';
      number: number;
      provider: ProviderName;
      token: string;
      status: number;
      id?: string;
      atMs: number;
    }
  /** From then on its provider declares the device gone. */
  | { kind: 'gone'; token: string; atMs: number }
  /** `kill -9`, until the next process served. */
  | { kind: 'killed'; fromMs: number; untilMs: number }
  /** The provider ended its connections, and with them answers that were under way. */
  | { kind: 'hung-up'; provider: ProviderName; atMs: number }
  /** The clock was set back, until the next process served: what is queued until then is too young for it. */
  | { kind: 'set-back'; fromMs: number; untilMs: number }
  /** The server could write nothing. */
  | { kind: 'disk-full'; fromMs: number; untilMs: number };

/** One publish and what became of it. */
export interface LedgerEntry {
  readonly number: number;
  readonly kind: PublishKind;
  readonly device: Device;
  readonly publishedAtMs: number;
  /** Absent while unanswered; `disconnected` when the link died first. */
  answer?: string;
  answeredAtMs?: number;
  /** Of each copy that a provider accepted. */
  readonly acceptedAtMs: number[];
  /** Of all copies that reached APNs, accepted or not. */
  readonly ids: Set<string>;
}

/** A call may end undelivered by its own rule, and must not ring after it; a second is for measuring. */
export const callLifeMs = callLifetimeMs + 1_000;
