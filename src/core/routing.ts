import type { App } from './app.ts';
import type { Notification } from './notification.ts';
import type { PushContent, PushKind } from './push.ts';
import type { Registration } from './registration.ts';

/** The push that a notification leads to. */
export interface Route {
  readonly kind: PushKind;
  /** Which device token the push goes to; the second one is the PushKit token. */
  readonly target: 'first' | 'second';
  readonly content: PushContent;
  /** How long delivery is useful, in milliseconds from now; 0: at once or never. */
  readonly lifetimeMs: number;
  /** Whether a registration gets at most one such push per `backgroundIntervalMs` of the app. */
  readonly coalesce: boolean;
  /** Whether the content was left out because no provider accepts as much. */
  readonly oversize?: true;
}

/**
 * Most characters of content in a push. PushKit takes 5,120 bytes of JSON, every other push less; longer content would
 * only fill memory and outbox until the provider's own limit leaves it out.
 */
export const contentMax = 5_120;

/** Callers hang up after about half a minute; ringing later is useless. */
export const callLifetimeMs = 30_000;

/** Whether the push rings, or replaces one that would. */
export function isCall({ kind }: { readonly kind: PushKind }): boolean {
  return kind === 'voip' || kind === 'call-alert';
}

/** A wake-up without content is useless once the user has opened the app anyway. */
const backgroundLifetimeMs = 3_600_000;

/**
 * Which notifications become alerts. The convention of the registration decides:
 * `as-notified`: those with high priority or a body.
 * `every-time`: all, as the same alert without content. It starts the app's extension, which fetches what is new
 * itself, so one alert serves all notifications of the interval.
 * `to-wake`: all, without content, since a sleeping device (Android Doze) only gets what has high priority.
 */
export type AlertRule = 'as-notified' | 'every-time' | 'to-wake';

/**
 * Picks the push for a notification. Pure. The caller has checked the publisher.
 * @returns `unimportant`: no push, since the app wants none for such notifications
 */
export function route(
  notification: Notification,
  registration: Registration,
  app: App,
  rule: AlertRule,
): Route | 'unimportant' {
  const chosen = choose(notification, registration, app, rule);
  if (chosen === 'unimportant') return chosen;
  if (lengthOf(chosen.content) <= contentMax) return chosen;
  const bare = chosen.kind === 'voip' ? callAlertRoute(none) : { ...chosen, content: none };
  return { ...bare, oversize: true };
}

function choose(
  notification: Notification,
  registration: Registration,
  app: App,
  rule: AlertRule,
): Route | 'unimportant' {
  if (rule === 'every-time') return { ...alertRoute(none, app), coalesce: true };
  if (rule === 'to-wake') return wakeRoute(notification, app);
  const { content, priority } = notification;
  if (content.kind === 'sealed') {
    const sealed = { kind: 'sealed', ciphertext: content.ciphertext, iv: content.iv } as const;
    if (content.voip && priority !== 'low') return callRoute(sealed, registration);
    // The end of a call: the phone rings until it comes.
    if (content.voip) return backgroundRoute(sealed, app, false);
    if ((priority ?? absentPriority(app)) === 'high') return alertRoute(sealed, app);
    return unimportantRoute(sealed, app);
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
 * The alert that replaces a VoIP push which cannot be sent (second token absent or dead, ciphertext too long). It shows
 * the app's wording for a call and is not rewritten, since the device would present it as a message.
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
 * An empty notification gets the full lifetime, since servers that withhold details send one for a message too. It is
 * coalesced, since only a message justifies waking the device each time.
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

/** A chat state, a receipt or a subscription request: no client needs each one, so the newest stands for all. */
function unimportantRoute(sealed: PushContent, app: App): Route | 'unimportant' {
  if (app.unimportant === 'drop') return 'unimportant';
  return backgroundRoute(app.unimportant === 'carry' ? sealed : none, app, true);
}

// Clients ask for sealing only where the server supports priorities, so a missing one means "not important".
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
