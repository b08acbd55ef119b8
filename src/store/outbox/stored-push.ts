import { z } from 'zod';
import type { Push, PushContent } from '../../core/push.ts';
import type { Insertable } from 'kysely';
import type { QueuedPush } from './contract.ts';
import type { QueuedPushRow, QueuedPushTable } from '../schema/tables.ts';

/** Requires a schema for each field, optional ones included; a field without one would be lost. */
type Fields<T> = Record<keyof T, z.ZodType>;
type SummaryContent = Extract<PushContent, { kind: 'summary' }>;
type SealedContent = Extract<PushContent, { kind: 'sealed' }>;

const sealed = {
  kind: z.literal('sealed'),
  ciphertext: z.string(),
  iv: z.string(),
} satisfies Fields<SealedContent>;

const summary = {
  kind: z.literal('summary'),
  unreadMessages: z.number().exactOptional(),
  sender: z.string().exactOptional(),
  body: z.string().exactOptional(),
  nickname: z.string().exactOptional(),
} satisfies Fields<SummaryContent>;

const content: z.ZodType<PushContent> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object(sealed),
  z.object(summary),
]);

const fields = {
  id: z.string(),
  app: z.string(),
  node: z.string(),
  kind: z.enum(['alert', 'call-alert', 'background', 'voip']),
  account: z.string(),
  channel: z.string().exactOptional(),
  content,
  expiresAtMs: z.number(),
} satisfies Fields<Push>;

const push: z.ZodType<Push> = z.object(fields);

const target = z.enum(['first', 'second']);

/** Bytes of a row in the database besides its JSON: columns, indexes, unused room in pages. Measured and rounded up. */
const rowOverheadBytes = 900;

/**
 * The row for a queued push.
 * @returns undefined if a number in it is not one that a database can hold
 */
export function toRow(queued: QueuedPush, dueAtMs: number): Insertable<QueuedPushTable> | undefined {
  const { id, app, node, kind } = queued.push;
  const text = JSON.stringify(queued.push);
  const row = {
    id,
    app,
    domain: queued.domain,
    node,
    call: kind === 'voip' || kind === 'call-alert' ? 1 : 0,
    target: queued.target,
    attempts: queued.attempts,
    // Whole numbers, since the columns are such and back-off yields fractions.
    stored_at_ms: Math.round(queued.storedAtMs),
    due_at_ms: Math.round(dueAtMs),
    give_up_at_ms: Math.round(queued.giveUpAtMs),
    leased: 0,
    bytes: Buffer.byteLength(text) + rowOverheadBytes,
    push: text,
  };
  const numbers = [row.attempts, row.stored_at_ms, row.due_at_ms, row.give_up_at_ms];
  return numbers.every(Number.isSafeInteger) ? row : undefined;
}

/** The columns that a queued push is made of. */
export const queuedPushColumns = [
  'seq',
  'id',
  'app',
  'domain',
  'call',
  'target',
  'attempts',
  'stored_at_ms',
  'give_up_at_ms',
  'push',
] as const satisfies readonly (keyof QueuedPushTable)[];

export type LeasedRow = Pick<QueuedPushRow, (typeof queuedPushColumns)[number]>;

/** The queued push of a row; undefined if the row is not valid, for example after damage to the disk. */
export function fromRow(row: LeasedRow): QueuedPush | undefined {
  const parsedPush = push.safeParse(parseJson(row.push));
  const parsedTarget = target.safeParse(row.target);
  if (!parsedPush.success || !parsedTarget.success || parsedPush.data.id !== row.id) return undefined;
  return {
    push: parsedPush.data,
    domain: row.domain,
    target: parsedTarget.data,
    attempts: row.attempts,
    storedAtMs: row.stored_at_ms,
    giveUpAtMs: row.give_up_at_ms,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
