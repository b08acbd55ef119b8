import { z } from 'zod';
import type { Push, PushContent } from '../../core/push.ts';
import type { QueuedPush } from './contract.ts';
import type { QueuedRow } from './worker-protocol.ts';

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

/** The row for a queued push. */
export function toRow(queued: QueuedPush, dueAtMs: number): QueuedRow {
  const { id, app, node, kind } = queued.push;
  return {
    id,
    app,
    node,
    call: kind === 'voip' || kind === 'call-alert' ? 1 : 0,
    target: queued.target,
    attempts: queued.attempts,
    // Whole numbers, since the table is strict and back-off yields fractions.
    storedAtMs: Math.round(queued.storedAtMs),
    dueAtMs: Math.round(dueAtMs),
    giveUpAtMs: Math.round(queued.giveUpAtMs),
    push: JSON.stringify(queued.push),
  };
}

/** The queued push of a row; undefined if the row is not valid, for example after damage to the disk. */
export function fromRow(row: QueuedRow): QueuedPush | undefined {
  const { attempts, storedAtMs, giveUpAtMs } = row;
  const parsedPush = push.safeParse(parseJson(row.push));
  const parsedTarget = target.safeParse(row.target);
  if (!parsedPush.success || !parsedTarget.success || parsedPush.data.id !== row.id) return undefined;
  return { push: parsedPush.data, target: parsedTarget.data, attempts, storedAtMs, giveUpAtMs };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
