import type { App } from './app.ts';
import type { Notification } from './notification.ts';
import type { PushContent, PushKind } from './push.ts';
import type { Registration } from './registration.ts';

/** Which push a notification leads to: one row of the design's section 5. */
export interface Route {
  readonly kind: PushKind;
  /** The device token that it goes to; the second is the PushKit token. */
  readonly target: 'first' | 'second';
  readonly content: PushContent;
  /**
   * How long it is worth delivering, milliseconds from now; 0: at once or never.
   */
  readonly lifetimeMs: number;
  /** Whether at most one is sent per registration in the app's `backgroundIntervalMs`. */
  readonly coalesce: boolean;
  /** Content was left out, because no provider takes as much. */
  readonly oversize?: true;
}

/**
 * Characters of content that a push can hold at most: PushKit takes 5,120 bytes of JSON, every other kind of push at either
 * provider takes less. More would only take memory and room in the outbox until the provider's own limit leaves it out.
 */
export const contentMax = 5_120;

/** Callers give up after about half a minute: an invitation that arrives later rings for nobody. */
export const callLifetimeMs = 30_000;

/** Whether it rings, or stands for what could not. */
export function isCall({ kind }: { readonly kind: PushKind }): boolean {
  return kind === 'voip' || kind === 'call-alert';
}

/** What wakes an app without a message to show is pointless once the app was opened anyway. */
export const backgroundLifetimeMs = 3_600_000;

/**
 * Which notifications become alerts, by the convention of the registration:
 * `as-notified`: those that say so, as the design's table has it;
 * `every-time`: each one, always the same alert, since that runs the app's extension, which looks for itself; one run
 * serves all that happens meanwhile;
 * `to-wake`: each one, without content: only what has high priority wakes a device that dozes.
 */
export type AlertRule = 'as-notified' | 'every-time' | 'to-wake';

/** Picks the push for a notification. Pure; the publisher must have been checked before. */
export function route(notification: Notification, registration: Registration, app: App, rule: AlertRule): Route {
  const chosen = choose(notification, registration, app, rule);
  if (lengthOf(chosen.content) <= contentMax) return chosen;
  const bare = chosen.kind === 'voip' ? callAlertRoute(none) : { ...chosen, content: none };
  return { ...bare, oversize: true };
}

function choose(notification: Notification, registration: Registration, app: App, rule: AlertRule): Route {
  if (rule === 'every-time') return { ...alertRoute(none, app), coalesce: true };
  if (rule === 'to-wake') return wakeRoute(notification, app);
  const { content, priority } = notification;
  if (content.kind === 'sealed') {
    const sealed = { kind: 'sealed', ciphertext: content.ciphertext, iv: content.iv } as const;
    if (content.voip && priority !== 'low') return callRoute(sealed, registration);
    const visible = !content.voip && (priority ?? absentPriority(app)) === 'high';
    return visible ? alertRoute(sealed, app) : backgroundRoute(sealed, app, false);
  }
  const { messageCount, sender, body, nickname } = content;
  if (messageCount === 0 && sender === undefined && body === undefined) {
    return backgroundRoute({ kind: 'summary', unreadMessages: 0 }, app, false);
  }
  if (body !== undefined || priority === 'high') {
    return alertRoute(app.plaintext === 'forward' ? summary(messageCount, sender, body, nickname) : none, app);
  }
  return backgroundRoute(none, app, true);
}

/**
 * The push that rings in place of a VoIP push which could not be sent (no or a dead second token, ciphertext too long):
 * the app's own words for a call, shown as they are, since a device that opened it would call it a message.
 */
export function callAlertRoute(content: PushContent): Route {
  return { kind: 'call-alert', target: 'first', content, lifetimeMs: callLifetimeMs, coalesce: false };
}

const none = { kind: 'none' } as const;

function lengthOf(content: PushContent): number {
  switch (content.kind) {
    case 'none':
      return 0;
    case 'sealed':
      return content.ciphertext.length + content.iv.length;
    case 'summary': {
      const { sender = '', body = '', nickname = '' } = content;
      return sender.length + body.length + nickname.length;
    }
  }
}

/**
 * Servers that give no details send an empty notification for a message too, so an empty one lives as long; but what
 * names no message need not wake the device again and again.
 */
function wakeRoute({ content, priority }: Notification, app: App): Route {
  const isMessage = content.kind === 'sealed' || content.body !== undefined || priority === 'high';
  return { ...alertRoute(none, app), coalesce: !isMessage };
}

function callRoute(content: PushContent, registration: Registration): Route {
  if (registration.secondToken === undefined) return callAlertRoute(content);
  return { kind: 'voip', target: 'second', content, lifetimeMs: 0, coalesce: false };
}

function alertRoute(content: PushContent, app: App): Route {
  return { kind: 'alert', target: 'first', content, lifetimeMs: app.ttlMs, coalesce: false };
}

function backgroundRoute(content: PushContent, app: App, coalesce: boolean): Route {
  const lifetimeMs = Math.min(app.ttlMs, backgroundLifetimeMs);
  return { kind: 'background', target: 'first', content, lifetimeMs, coalesce };
}

// Clients ask for sealing only where the server knows priorities, so a missing one means "not important".
function absentPriority(app: App): 'high' | 'low' {
  return app.absentPriority === 'alert' ? 'high' : 'low';
}

function summary(unreadMessages?: number, sender?: string, body?: string, nickname?: string): PushContent {
  return {
    kind: 'summary',
    ...(unreadMessages !== undefined && { unreadMessages }),
    ...(sender !== undefined && { sender }),
    ...(body !== undefined && { body }),
    ...(nickname !== undefined && { nickname }),
  };
}
