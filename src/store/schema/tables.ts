import type { GeneratedAlways, Selectable } from 'kysely';
import type { Environment } from '../../core/registration.ts';
import type { UnsealedNodes } from '../../nodes/node-key.ts';

/**
 * Why a registration was removed; also a metric label. `displaced`: its account registered too many newer ones; `revoked`: an
 * operator removed it; `forgotten`: an operator erased its account.
 */
export type RemovalReason = 'unregistered' | 'gone' | 'displaced' | 'revoked' | 'forgotten';

/** The tables as queries see them; `migrations/` makes them. */
export interface Tables {
  readonly registration: RegistrationRow;
  readonly queued_push: QueuedPushTable;
  readonly unsealed_nodes: { readonly kind: UnsealedNodes };
  readonly registration_count: RegistrationCountRow;
  readonly late_answer: LateAnswerTable;
}

/**
 * `…_key` columns hold short hashes of their namesakes (`short-key.ts`), which rows are found by. Accounts, devices and
 * tokens are case-folded first, since clients write them in either case.
 */
export interface RegistrationRow {
  readonly node_key: string;
  readonly node: string;
  readonly app: string;
  readonly convention: string;
  readonly account: string;
  readonly account_key: string;
  /** Null: the device is named by its token. */
  readonly device: string | null;
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
  /** 1 when it came in, 0 when it came back after it was removed; more each time that it was renewed. */
  readonly times_registered: number;
  /** 1: made of its node and not renewed since. */
  readonly is_restored: number;
  /** Null: it is not removed. Its node stays known, and registering again takes the mark away. */
  readonly removed_at_ms: number | null;
  readonly removal_reason: RemovalReason | null;
  /** Null: no provider has accepted a push for this token yet, as far as we know. */
  readonly accepted_at_ms: number | null;
  /** When the device came in, or came back after its removal. Null: before this was kept, or not by registering. */
  readonly first_registered_at_ms: number | null;
  /** The latest publish that was noted, and what became of it: an `Outcome`. */
  readonly published_at_ms: number | null;
  readonly publish_outcome: string | null;
  /** The latest push that was noted, and its result: `accepted`, or another kind with the reason, as in `retry timeout`. */
  readonly pushed_at_ms: number | null;
  readonly push_result: string | null;
}

/** How many registrations the accounts of a domain have in an app; accounts without a domain count as the domain ''. */
export interface RegistrationCountRow {
  readonly domain: string;
  readonly app: string;
  readonly registrations: number;
  /** Days since 1970 (UTC). */
  readonly day: number;
  /** Devices that registered for the first time on that day. */
  readonly made: number;
}

/** What a `Registration` is made of. */
export const registrationColumns = [
  'node',
  'app',
  'convention',
  'account',
  'device',
  'token',
  'token_key',
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
  /** 1: leased. 2: a lease once ended without completing or rescheduling it, so that a provider may have it already; stays 2. */
  readonly leased: number;
  /** Estimated size in the database. */
  readonly bytes: number;
  /** JSON of the push. */
  readonly push: string;
}

/** A row of `queued_push` as it is read. */
export type QueuedPushRow = Selectable<QueuedPushTable>;

/** Answers to an XMPP server that wait for a connection which can carry them. */
export interface LateAnswerTable {
  /** Order of arrival. */
  readonly seq: GeneratedAlways<number>;
  /** URL of the XMPP server's component listener. */
  readonly service: string;
  /** Domain of the component link. */
  readonly domain: string;
  /** Milliseconds since 1970. */
  readonly handed_over_at_ms: number;
  /** The stanza. */
  readonly xml: string;
}
