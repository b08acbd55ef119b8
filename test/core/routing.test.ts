import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conventionOf } from '../../src/conventions/all.ts';
import type { App } from '../../src/core/app.ts';
import type { NotificationContent, Priority } from '../../src/core/notification.ts';
import type { Registration } from '../../src/core/registration.ts';
import { isCall, type Route, route } from '../../src/core/routing.ts';
import { apnsAppOf, notificationOf, registrationOf } from '../support/registrations.ts';

const sealed = { kind: 'sealed', ciphertext: 'c2VhbGVkIGNvbnRlbnQgaGVyZQ==', iv: 'AAECAwQFBgcICQoL' } as const;
const message: NotificationContent = { ...sealed, voip: false };
const call: NotificationContent = { ...sealed, voip: true };
const week = 7 * 86_400_000;
const hour = 3_600_000;

interface Row {
  name: string;
  content: NotificationContent;
  priority?: Priority;
  registration?: Partial<Registration>;
  app?: Partial<App>;
  expected: Partial<Route>;
}

const withSecondToken = { secondToken: 'cd'.repeat(32) };
const none = { kind: 'none' } as const;

/** Gives ciphertext and IV this many characters together. */
const sealedOf = (length: number) => ({ ...sealed, ciphertext: 'A'.repeat(length - sealed.iv.length) });

const rows: Row[] = [
  {
    name: 'a call with priority high rings on the second token and expires at once',
    content: call,
    priority: 'high',
    registration: withSecondToken,
    expected: { kind: 'voip', target: 'second', content: sealed, lifetimeMs: 0, coalesce: false },
  },
  {
    name: 'a call without priority rings on the second token',
    content: call,
    registration: withSecondToken,
    expected: { kind: 'voip', target: 'second', lifetimeMs: 0 },
  },
  {
    name: 'a call without a second token is an alert with the wording for calls, which expires after half a minute',
    content: call,
    priority: 'high',
    expected: { kind: 'call-alert', target: 'first', content: sealed, lifetimeMs: 30_000 },
  },
  {
    name: 'the end of a call goes to the first token in the background, never to PushKit',
    content: call,
    priority: 'low',
    registration: withSecondToken,
    expected: { kind: 'background', target: 'first', content: sealed, lifetimeMs: hour, coalesce: false },
  },
  {
    name: 'the end of a call stays in the background where missing priorities are alerts',
    content: call,
    priority: 'low',
    app: { absentPriority: 'alert' },
    expected: { kind: 'background' },
  },
  {
    name: 'a sealed message with priority high is an alert with the ciphertext',
    content: message,
    priority: 'high',
    registration: withSecondToken,
    expected: { kind: 'alert', target: 'first', content: sealed, lifetimeMs: week, coalesce: false },
  },
  {
    name: 'a sealed message with priority low is sent in the background',
    content: message,
    priority: 'low',
    expected: { kind: 'background', target: 'first', content: sealed, lifetimeMs: hour, coalesce: true },
  },
  {
    name: 'a sealed message without priority is carried in the background',
    content: message,
    expected: { kind: 'background', target: 'first', content: sealed, lifetimeMs: hour, coalesce: true },
  },
  ...(['low', undefined] as const).map((priority): Row => ({
    name: `a sealed message with priority ${priority ?? 'none'} only wakes where the app says so`,
    content: message,
    ...(priority && { priority }),
    app: { unimportant: 'bare' },
    expected: { kind: 'background', target: 'first', content: none, lifetimeMs: hour, coalesce: true },
  })),
  ...(['bare', 'drop'] as const).map((unimportant): Row => ({
    name: `the end of a call is carried at once where unimportant notifications are ${unimportant}`,
    content: call,
    priority: 'low',
    app: { unimportant },
    expected: { kind: 'background', target: 'first', content: sealed, coalesce: false },
  })),
  ...(['bare', 'drop'] as const).map((unimportant): Row => ({
    name: `a sealed message with priority high is an alert where unimportant notifications are ${unimportant}`,
    content: message,
    priority: 'high',
    app: { unimportant },
    expected: { kind: 'alert', content: sealed },
  })),
  {
    name: 'a sealed message without priority that is an alert is not unimportant',
    content: message,
    app: { absentPriority: 'alert', unimportant: 'drop' },
    expected: { kind: 'alert', content: sealed },
  },
  {
    name: 'a sealed message without priority is an alert where the app says so',
    content: message,
    app: { absentPriority: 'alert' },
    expected: { kind: 'alert', content: sealed },
  },
  {
    name: 'a sealed message with priority low stays in the background where missing priorities are alerts',
    content: message,
    priority: 'low',
    app: { absentPriority: 'alert' },
    expected: { kind: 'background' },
  },
  {
    name: 'message-count 0 alone means that everything was read elsewhere',
    content: { kind: 'summary', messageCount: 0 },
    expected: {
      kind: 'background',
      target: 'first',
      content: { kind: 'summary', unreadMessages: 0 },
      coalesce: false,
    },
  },
  {
    name: 'message-count 0 with priority high is still no alert',
    content: { kind: 'summary', messageCount: 0 },
    priority: 'high',
    expected: { kind: 'background', content: { kind: 'summary', unreadMessages: 0 } },
  },
  {
    name: 'message-count 0 with a body is a message',
    content: { kind: 'summary', messageCount: 0, body: 'Hello' },
    expected: { kind: 'alert', content: none },
  },
  {
    name: 'a plain body is a generic alert: neither sender nor body is forwarded',
    content: { kind: 'summary', messageCount: 2, sender: 'juliet@example.com', body: 'Hello', nickname: 'Juliet' },
    expected: { kind: 'alert', target: 'first', content: none, lifetimeMs: week, coalesce: false },
  },
  {
    name: 'a plain body is forwarded where the app says so',
    content: { kind: 'summary', messageCount: 2, sender: 'juliet@example.com', body: 'Hello', nickname: 'Juliet' },
    app: { plaintext: 'forward' },
    expected: {
      kind: 'alert',
      content: {
        kind: 'summary',
        unreadMessages: 2,
        sender: 'juliet@example.com',
        body: 'Hello',
        nickname: 'Juliet',
      },
    },
  },
  {
    name: 'a plain notification with priority high is a generic alert without a body',
    content: { kind: 'summary', messageCount: 1 },
    priority: 'high',
    expected: { kind: 'alert', content: none },
  },
  {
    name: 'an empty notification is a coalesced wake-up that says nothing about unread messages',
    content: { kind: 'summary' },
    expected: { kind: 'background', target: 'first', content: none, lifetimeMs: hour, coalesce: true },
  },
  {
    name: 'a count without a body is a coalesced wake-up',
    content: { kind: 'summary', messageCount: 1, sender: 'juliet@example.com' },
    expected: { kind: 'background', content: none, coalesce: true },
  },
  {
    name: 'a background push never outlives the app’s own limit',
    content: message,
    app: { ttlMs: 60_000 },
    expected: { kind: 'background', lifetimeMs: 60_000 },
  },
  {
    name: 'p2 on Android: a message wakes with high priority and carries nothing',
    content: { kind: 'summary', messageCount: 2, sender: 'juliet@example.com', body: 'Hello' },
    registration: { convention: 'p2' },
    app: { alertsAreSilent: true, plaintext: 'forward' },
    expected: { kind: 'alert', target: 'first', content: none, lifetimeMs: week, coalesce: false },
  },
  {
    name: 'p2 on Android: an empty notification wakes too, coalesced, since it may stand for a message',
    content: { kind: 'summary' },
    registration: { convention: 'p2' },
    app: { alertsAreSilent: true },
    expected: { kind: 'alert', content: none, lifetimeMs: week, coalesce: true },
  },
  {
    name: 'p2 on Android: priority high without a body is a message',
    content: { kind: 'summary', messageCount: 1 },
    priority: 'high',
    registration: { convention: 'p2' },
    app: { alertsAreSilent: true },
    expected: { kind: 'alert', content: none, coalesce: false },
  },
  {
    name: 'p2 on Android: content that no client can open is not sent',
    content: call,
    registration: { convention: 'p2', ...withSecondToken },
    app: { alertsAreSilent: true },
    expected: { kind: 'alert', target: 'first', content: none, coalesce: false },
  },
  {
    name: 'p2 on iOS: a message is an alert',
    content: { kind: 'summary', body: 'Hello' },
    registration: { convention: 'p2' },
    expected: { kind: 'alert', content: none, coalesce: false },
  },
  {
    name: 'p2 on iOS: an empty notification is a wake-up in the background',
    content: { kind: 'summary' },
    registration: { convention: 'p2' },
    expected: { kind: 'background', content: none, coalesce: true },
  },
  ...(
    [
      ['an empty notification', { kind: 'summary' }, undefined],
      ['a message', { kind: 'summary', body: 'Hello', sender: 'juliet@example.com' }, 'high'],
      ['messages read elsewhere', { kind: 'summary', messageCount: 0 }, undefined],
      ['something sealed', message, 'low'],
    ] as const
  ).map(([what, content, priority]) => ({
    name: `raw token: ${what} is the same coalesced alert, which runs the app’s extension`,
    content,
    ...(priority && { priority }),
    registration: { convention: 'raw-token', account: '' } as const,
    app: { plaintext: 'forward' } as const,
    expected: { kind: 'alert', target: 'first', content: none, lifetimeMs: week, coalesce: true } as const,
  })),
];

rows.push(
  {
    name: 'content as long as the longest payload is left to the provider’s own limit',
    content: { ...sealedOf(5_120), voip: false },
    priority: 'high',
    expected: { kind: 'alert', content: sealedOf(5_120) },
  },
  {
    name: 'content that no provider takes is left out of an alert',
    content: { ...sealedOf(5_121), voip: false },
    priority: 'high',
    expected: { kind: 'alert', target: 'first', content: none, lifetimeMs: week, oversize: true },
  },
  {
    name: 'content that no provider takes is left out of a background push',
    content: { ...sealedOf(60_000), voip: false },
    priority: 'low',
    expected: { kind: 'background', content: none, coalesce: true, oversize: true },
  },
  {
    name: 'a call that no provider takes rings as an alert',
    content: { ...sealedOf(5_121), voip: true },
    priority: 'high',
    registration: withSecondToken,
    expected: { kind: 'call-alert', target: 'first', content: none, lifetimeMs: 30_000, oversize: true },
  },
  {
    name: 'a body that no provider takes is left out',
    content: { kind: 'summary', messageCount: 1, sender: 'a'.repeat(120), nickname: 'b', body: 'c'.repeat(5_000) },
    app: { plaintext: 'forward' },
    expected: { kind: 'alert', content: none, oversize: true },
  },
  {
    name: 'a body that is withheld is no matter of length',
    content: { kind: 'summary', body: 'c'.repeat(60_000) },
    expected: { kind: 'alert', content: none },
  },
);

test('routing - what is withheld anyway is not counted as left out', () => {
  const notification = notificationOf({ content: { kind: 'summary', body: 'c'.repeat(60_000) } });
  const chosen = route(notification, registrationOf(), apnsAppOf(), 'as-notified');
  assert.equal(chosen !== 'unimportant' && 'oversize' in chosen, false);
});

for (const row of rows) {
  test(`routing - ${row.name}`, () => {
    const { priority, content } = row;
    const { priority: _, ...rest } = notificationOf({ content });
    const notification = { ...rest, ...(priority && { priority }) };
    const registration = registrationOf(row.registration);
    const app = { ...apnsAppOf(), ...row.app };
    const rule = conventionOf(registration)?.alertRule(app) ?? 'as-notified';
    const chosen = route(notification, registration, app, rule);
    assert.ok(chosen !== 'unimportant');
    assert.deepEqual({ ...chosen, ...row.expected }, chosen);
  });
}

test('routing - no push at all for what is not to be shown, where the app says so', () => {
  const app = apnsAppOf({ unimportant: 'drop' });
  const { priority: _, ...unmarked } = notificationOf({ content: message });
  for (const notification of [unmarked, { ...unmarked, priority: 'low' } as const])
    assert.equal(route(notification, registrationOf(), app, 'as-notified'), 'unimportant');
});

test('routing - what rings is a call, whichever way: it overtakes the rest and is over after half a minute', () => {
  assert.deepEqual(
    (['alert', 'call-alert', 'background', 'voip'] as const).filter((kind) => isCall({ kind })),
    ['call-alert', 'voip'],
  );
});
