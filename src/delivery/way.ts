import { answers, type Outcome } from '../core/answers.ts';
import { domainOf } from '../core/jid.ts';
import type { Notification } from '../core/notification.ts';
import type { Push } from '../core/push.ts';
import type { Registration } from '../core/registration.ts';
import type { Route } from '../core/routing.ts';
import { fingerprint, type Log } from '../telemetry/log.ts';

/** What became known of a notification on its way. */
export interface Way {
  registration?: Registration;
  route?: Route;
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
