import type { Notification } from '../core/notification.ts';
import type { PushResult } from '../core/push.ts';
import type { Route } from '../core/routing.ts';
import { domainOf } from '../core/jid.ts';
import type { TraceStep } from '../core/trace.ts';
import type { AddressedPush } from './addressed-push.ts';
import type { Found } from './lookup.ts';

const foundAs = {
  registered: 'registered',
  opened: 'restored',
  lost: 'lost',
  removed: 'removed',
  unknown: 'unknown',
} as const;

/** The step of a publish whose node was looked up. */
export function receivedStep({ publisher, content, priority }: Notification, found: Found['kind']): TraceStep {
  return {
    step: 'received',
    publisher: domainOf(publisher),
    content: content.kind === 'sealed' && content.voip ? 'sealed-call' : content.kind,
    ...(priority && { priority }),
    bytes: sizeOf(content),
    found: foundAs[found],
  };
}

function sizeOf(content: Notification['content']): number {
  if (content.kind === 'sealed') return content.ciphertext.length;
  const { sender = '', body = '', nickname = '' } = content;
  return Buffer.byteLength(sender + body + nickname);
}

/** The step of a push whose attempt ended. */
export function answeredStep({ push }: AddressedPush, result: PushResult, durationMs: number): TraceStep {
  return {
    step: 'answered',
    push: push.kind,
    result: result.kind,
    ...('reason' in result && { reason: result.reason }),
    ...(result.kind === 'accepted' && result.environment && { environment: result.environment }),
    durationMs: Math.round(durationMs),
  };
}

/** The step of a notification whose push was picked. */
export function routedStep({ kind, target, content, lifetimeMs, oversize }: Route): TraceStep {
  return { step: 'routed', push: kind, target, content: content.kind, lifetimeMs, ...(oversize && { oversize }) };
}
