import { callLifetimeMs } from '../../src/core/routing.ts';
import type { Device } from './traffic.ts';

export type PublishKind = 'alert' | 'call' | 'background';
export type ProviderName = Device['provider'];

/** An event with its time in milliseconds since 1970. */
export type LedgerEvent =
  /** `number` counts from 0 and is in the ciphertext. */
  | { kind: 'published'; number: number; of: PublishKind; device: Device; atMs: number }
  /** `answer` is the word of an answer. */
  | { kind: 'answered'; number: number; answer: string; atMs: number }
  /** A copy reached a provider. `status` 0: it got no answer. `id` is the `apns-id`. */
  | {
      kind: 'received';
      number: number;
      provider: ProviderName;
      token: string;
      status: number;
      id?: string;
      atMs: number;
    }
  /** From then on the provider calls the device gone. */
  | { kind: 'gone'; token: string; atMs: number }
  /** `kill -9`, until the next process served. */
  | { kind: 'killed'; fromMs: number; untilMs: number }
  /** The provider closed its connections, and with them answers under way. */
  | { kind: 'hung-up'; provider: ProviderName; atMs: number }
  /** The clock was set back until the next process was up: pushes queued meanwhile are too young for it. */
  | { kind: 'set-back'; fromMs: number; untilMs: number }
  /** The store was deleted: what was queued by then is gone, as it is not sealed in any node. */
  | { kind: 'store-lost'; atMs: number }
  /** All that newer pushes of their registrations displaced, as the database saw it. */
  | { kind: 'displaced'; numbers: readonly number[] }
  /** The server could write nothing. */
  | { kind: 'disk-full'; fromMs: number; untilMs: number };

/** A publish and its fate. */
export interface LedgerEntry {
  readonly number: number;
  readonly kind: PublishKind;
  readonly device: Device;
  readonly publishedAtMs: number;
  /** Absent without an answer; `disconnected` if the link was lost first. */
  answer?: string;
  answeredAtMs?: number;
  /** Times of the copies that a provider accepted. */
  readonly acceptedAtMs: number[];
  /** Ids of all copies that reached APNs, accepted or not. */
  readonly ids: Set<string>;
}

/** A call may expire undelivered, and must not ring after that; one second is tolerance. */
export const callLifeMs = callLifetimeMs + 1_000;
