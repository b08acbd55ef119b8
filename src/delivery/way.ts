import { answers, type Outcome } from '../core/answers.ts';
import { domainOf } from '../core/jid.ts';
import type { Notification } from '../core/notification.ts';
import type { Push } from '../core/push.ts';
import type { PushResult } from '../core/push.ts';
import type { Registration } from '../core/registration.ts';
import type { Route } from '../core/routing.ts';
import { fingerprint, type Log } from '../telemetry/log.ts';
import type { NotificationSpan, OpenSpan } from '../telemetry/spans.ts';

/** What became known of a notification on its way. */
export interface Way {
  /** Undefined: nobody records it. */
  readonly span: NotificationSpan | undefined;
  registration?: Registration;
  route?: Route;
  /** Of the push that it became. */
  pushId?: string;
}

/** Logs one notification at debug level: from whom, for which device, as which push, and how it ended. */
export function logWay(
  log: Log,
  { node, publisher, content }: Notification,
  { registration, route }: Way,
  { outcome, durationMs }: { readonly outcome: Outcome; readonly durationMs: number },
): void {
  if (!log.isLevelEnabled('debug')) return;
  const fields = {
    domain: domainOf(publisher),
    registration: fingerprint(node),
    ...(registration && { app: registration.app, convention: registration.convention }),
    received: content.kind,
    ...(content.kind === 'sealed' && { size: content.ciphertext.length }),
    ...(route && { push: route.kind, carries: route.content.kind }),
    outcome,
    answer: answers[outcome],
    durationMs: Math.round(durationMs),
  };
  log.debug(fields, 'a notification was answered');
}

/** Ends the span of a notification. An answer that keeps the server waiting for us is a failure. */
export function endSpan(
  span: NotificationSpan,
  { node, publisher }: Notification,
  { registration, route, pushId }: Way,
  { outcome, component }: { readonly outcome: Outcome; readonly component: string | undefined },
): void {
  const answer = answers[outcome];
  const fields = {
    ...(component !== undefined && { component }),
    domain: domainOf(publisher),
    registration: fingerprint(node),
    ...(registration && { app: registration.app, convention: registration.convention }),
    ...(route && { push: route.kind }),
    ...(pushId !== undefined && { id: pushId }),
    outcome,
    answer,
  };
  span.end({ fields, failure: answer === 'internal-server-error' ? outcome : undefined });
}

/** What the span of an attempt tells. `result` is undefined if an error of ours ended it. */
export interface AttemptEnd {
  readonly provider: string;
  readonly push: Pick<Push, 'app' | 'node' | 'id' | 'kind'>;
  readonly result: PushResult | undefined;
  readonly httpStatus: number | undefined;
}

/** Ends the span of an attempt. Whatever the provider did not accept is a failure. */
export function endAttempt(span: OpenSpan, { provider, push, result, httpStatus }: AttemptEnd): void {
  const reason = result && 'reason' in result ? result.reason : undefined;
  const fields = {
    ...{ app: push.app, provider, registration: fingerprint(push.node), push: push.kind, id: push.id },
    ...(result && { result: result.kind }),
    ...(reason !== undefined && { reason }),
  };
  const failure = result?.kind === 'accepted' ? undefined : (reason ?? 'error');
  span.end({ fields, failure, httpStatus });
}

/** Logs at debug level what became of an attempt for a queued push. */
export function logRetry(
  log: Log,
  { app, node, id, kind }: Push,
  { outcome, pauseMs }: { readonly outcome: string; readonly pauseMs: number | undefined },
): void {
  if (!log.isLevelEnabled('debug')) return;
  const pause = pauseMs === undefined ? {} : { durationMs: Math.round(pauseMs) };
  log.debug({ app, registration: fingerprint(node), push: kind, id, outcome, ...pause }, 'a queued push was tried');
}
