import type { GeneratedAlways, Selectable } from 'kysely';
import type { Environment } from '../../core/registration.ts';
import type { UnsealedNodes } from '../../nodes/node-key.ts';

/** Why a registration was removed; also a metric label. `displaced`: its account registered too many newer ones. */
export type RemovalReason = 'unregistered' | 'gone' | 'displaced';

/** The tables as queries see them; `migrations/` makes them. */
export interface Tables {
  readonly registration: RegistrationRow;
  readonly queued_push: QueuedPushTable;
  readonly unsealed_nodes: { readonly kind: UnsealedNodes };
}

/** `…_key` columns hold the same as their namesakes, case-folded: clients write tokens and accounts in either case. */
export interface RegistrationRow {
  readonly node: string;
  readonly app: string;
  readonly convention: string;
  readonly account: string;
  readonly account_key: string;
  readonly device: string;
  readonly device_key: string;
  readonly token: string;
  readonly token_key: string;
  readonly second_token: string | null;
  readonly secret: string | null;
  readonly account_hash: string | null;
  readonly environment: Environment | null;
  readonly registered_at_ms: number;
  readonly room: string | null;
  readonly component: string | null;
  /** 1 when it came in, one more each time that it was renewed. */
  readonly times_registered: number;
  /** 1: made of its node and not renewed since. */
  readonly is_restored: number;
  /** Null: it is not removed. Its node stays known, and registering again takes the mark away. */
  readonly removed_at_ms: number | null;
  readonly removal_reason: RemovalReason | null;
  /** Null: no provider has accepted a push for this token yet, as far as we know. */
  readonly accepted_at_ms: number | null;
}

/** What a `Registration` is made of. */
export const registrationColumns = [
  'node',
  'app',
  'convention',
  'account',
  'device',
  'token',
  'second_token',
  'secret',
  'account_hash',
  'environment',
  'registered_at_ms',
  'room',
  'component',
  'is_restored',
  'accepted_at_ms',
] as const;

/** The columns of `registrationColumns`. */
export type FoundRow = Pick<RegistrationRow, (typeof registrationColumns)[number]>;

/** Queued pushes. Times are milliseconds since 1970. */
export interface QueuedPushTable {
  /** Order of arrival. */
  readonly seq: GeneratedAlways<number>;
  /** Id of the push. */
  readonly id: string;
  readonly app: string;
  /** Domain of the publisher, in lower case: domains get fair shares. */
  readonly domain: string;
  readonly node: string;
  /** 1: a call. */
  readonly call: number;
  readonly target: string;
  readonly attempts: number;
  readonly stored_at_ms: number;
  /** While it is leased: when the lease ends. */
  readonly due_at_ms: number;
  readonly give_up_at_ms: number;
  /** 1: leased; 2: leased and neither completed nor rescheduled once before, so that a provider may have it already. */
  readonly leased: number;
  /** Estimated size in the database. */
  readonly bytes: number;
  /** JSON of the push. */
  readonly push: string;
}

export type QueuedPushRow = Selectable<QueuedPushTable>;
