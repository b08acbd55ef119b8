import type { Mutant } from '../mutant.ts';

const inRouting = { file: 'core/routing.ts', tests: ['core/routing.test.ts'] };

const inP2 = { file: 'conventions/p2.ts', tests: ['core/routing.test.ts'] };

/** Which push a notification becomes. */
export const routing: readonly Mutant[] = [
  {
    ...inRouting,
    find: `content.voip && priority !== 'low'`,
    replace: 'content.voip',
    breaks: 'The end of a call rings.',
  },
  {
    ...inRouting,
    find: 'if (registration.secondToken === undefined) return callAlertRoute(content);',
    replace: '',
    breaks: 'A call to a device without PushKit token goes to a token that is not there.',
  },
  {
    ...inRouting,
    find: `kind: 'voip', target: 'second'`,
    replace: `kind: 'voip', target: 'first'`,
    breaks: 'A call goes to the token for messages, where PushKit refuses it.',
  },
  {
    ...inRouting,
    find: 'content, lifetimeMs: 0, coalesce: false',
    replace: 'content, lifetimeMs: 30_000, coalesce: false',
    breaks: 'A PushKit push is kept by Apple and rings after the call.',
  },
  {
    ...inRouting,
    find: 'callLifetimeMs = 30_000',
    replace: 'callLifetimeMs = 60_000',
    breaks: 'Calls ring after the caller gave up.',
  },
  {
    ...inRouting,
    find: 'backgroundLifetimeMs = 3_600_000',
    replace: 'backgroundLifetimeMs = 7_200_000',
    breaks: 'A wake-up outlives the opening of the app by another hour.',
  },
  {
    ...inRouting,
    find: 'Math.min(app.ttlMs, backgroundLifetimeMs)',
    replace: 'backgroundLifetimeMs',
    breaks: 'A wake-up outlives what the operator allows.',
  },
  {
    ...inRouting,
    find: `app.plaintext === 'forward' ?`,
    replace: 'true ?',
    breaks: 'Sender and body of every plain message go to the provider.',
  },
  {
    ...inRouting,
    find: 'sender === undefined && body === undefined',
    replace: 'sender === undefined',
    breaks: 'A message with count 0 and a body shows nothing.',
  },
  { ...inRouting, find: 'messageCount === 0 && ', replace: '', breaks: 'Every empty notification clears the badge.' },
  {
    ...inRouting,
    find: '{ ...alertRoute(none, app), coalesce: true }',
    replace: 'alertRoute(none, app)',
    breaks: 'A raw token is woken for each event.',
  },
  {
    ...inRouting,
    find: 'coalesce: !isMessage',
    replace: 'coalesce: true',
    breaks: 'On Android a message of p2 waits for the end of an interval.',
  },
  {
    ...inRouting,
    find: `=== 'alert' ? 'high' : 'low'`,
    replace: `=== 'alert' ? 'high' : 'high'`,
    breaks: 'A sealed receipt without priority shows an alert.',
  },
  {
    ...inRouting,
    find: `if (app.unimportant === 'drop') return 'unimportant';`,
    replace: '',
    breaks: 'An app that wants no push for chat states is woken by them.',
  },
  {
    ...inRouting,
    find: `app.unimportant === 'carry' ? sealed : none, app, true`,
    replace: 'sealed, app, true',
    breaks: 'A subscription request crashes Siskin although the operator said bare.',
  },
  {
    ...inRouting,
    find: `app.unimportant === 'carry' ? sealed : none, app, true`,
    replace: `app.unimportant === 'carry' ? sealed : none, app, false`,
    breaks: 'Thirty receipts are thirty background pushes.',
  },
  {
    ...inRouting,
    find: 'backgroundRoute(sealed, app, false)',
    replace: 'backgroundRoute(sealed, app, true)',
    breaks: 'Of the ends of several calls only one arrives, and the others ring on.',
  },
  {
    ...inRouting,
    find: 'nickname !== undefined && { nickname }',
    replace: 'false && { nickname }',
    breaks: 'A forwarded message from a room says nothing of its author.',
  },
  {
    ...inRouting,
    find: `kind === 'voip' || kind === 'call-alert'`,
    replace: `kind === 'voip'`,
    breaks: 'A call that rings by an alert waits behind messages and is tried again for minutes.',
    tests: ['core/routing.test.ts', 'sending/app-sender.test.ts', 'delivery/retry.test.ts', 'delivery/deliver.test.ts'],
  },
  {
    ...inP2,
    find: `alertsAreSilent ? 'to-wake' : 'as-notified'`,
    replace: `alertsAreSilent ? 'to-wake' : 'to-wake'`,
    breaks: 'An iPhone of p2 shows an alert for what should only wake it.',
  },
];
