import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReceivedPush } from '../../../src/harness/stand-ins/contract.ts';
import {
  judgeFields,
  judgePushes,
  judgeShowing,
  keysOf,
  type PushContext,
  say,
} from '../../../src/harness/runner/judge.ts';
import { judgeLeak, secretsOf } from '../../../src/harness/runner/leaks.ts';
import type { PushExpectation } from '../../../src/harness/scenarios/scenario.ts';

const topic = 'org.example.messenger';
const atMs = Date.UTC(2026, 10, 1);
const expiration = (seconds: number) => String(atMs / 1000 + seconds);
const id = '8f9e2b4a-6c1d-4e5f-8a7b-0c1d2e3f4a5b';
const otherId = '00000000-0000-4000-8000-000000000000';
const sealed = { account: 'romeo@example.net', encrypted: 'AAAA', iv: 'BBBB' };

const context: PushContext = { strict: true, topic, placeOf: () => 'first', previous: undefined };
const tolerant: PushContext = { ...context, strict: false };

const alert: ReceivedPush = {
  provider: 'apns',
  token: 'ab',
  headers: {
    'apns-push-type': 'alert',
    'apns-priority': '10',
    'apns-topic': topic,
    'apns-expiration': expiration(604_800),
    'apns-id': id,
    'apns-collapse-id': id,
  },
  body: { aps: { alert: { body: 'New message!' }, 'mutable-content': 1 }, ...sealed },
  bytes: 700,
  atMs,
  status: 200,
};
const callAlert: ReceivedPush = { ...alert, body: { aps: { alert: { body: 'Incoming call' } }, ...sealed } };
const background: ReceivedPush = {
  ...alert,
  headers: { ...alert.headers, 'apns-push-type': 'background', 'apns-priority': '5' },
  body: { aps: { 'content-available': 1 }, ...sealed },
};
const voip: ReceivedPush = {
  ...alert,
  headers: {
    ...alert.headers,
    'apns-push-type': 'voip',
    'apns-topic': `${topic}.voip`,
    'apns-expiration': '0',
  },
  body: { aps: {}, ...sealed },
};
const fcm: ReceivedPush = {
  provider: 'fcm',
  token: 'a:b',
  headers: {},
  body: { message: { token: 'a:b', data: sealed, android: { priority: 'high', ttl: '604800s' } } },
  bytes: 700,
  atMs,
  status: 200,
};

/** The push with some headers, `undefined`: without; or with parts of its `aps`. */
function headed(push: ReceivedPush, headers: Readonly<Record<string, string | undefined>>): ReceivedPush {
  const kept = Object.entries({ ...push.headers, ...headers }).filter(([, value]) => value !== undefined);
  return { ...push, headers: Object.fromEntries(kept) as Record<string, string> };
}
function withAps(push: ReceivedPush, aps: object): ReceivedPush {
  return { ...push, body: { ...push.body, aps: { ...(push.body['aps'] as object), ...aps } } };
}
function withMessage(message: object, android: object = {}): ReceivedPush {
  const whole = fcm.body['message'] as { readonly android: object };
  return { ...fcm, body: { message: { ...whole, android: { ...whole.android, ...android }, ...message } } };
}

const right: readonly [what: string, push: ReceivedPush, expected: PushExpectation][] = [
  ['an alert', alert, { kind: 'alert', lifetimeS: 604_800, keys: ['account', 'encrypted', 'iv'] }],
  ['an alert for a call', callAlert, { kind: 'call-alert', alert: { body: 'Incoming call' } }],
  ['a background push', background, { kind: 'background', values: { account: 'romeo@example.net' } }],
  ['a call', voip, { kind: 'voip', lifetimeS: 0 }],
  ['a data message', fcm, { kind: 'alert', lifetimeS: 604_800, keys: ['account', 'encrypted', 'iv'] }],
  ['a call on Android', fcm, { kind: 'voip' }],
  ['a data message of low priority', withMessage({}, { priority: 'NORMAL' }), { kind: 'background' }],
  ['a collapse key', withMessage({}, { collapse_key: 'wake' }), { kind: 'alert', collapseKey: 'wake' }],
  ['a size at its bounds', alert, { kind: 'alert', bytes: [700, 700] }],
  ['a lifetime ten seconds short', headed(alert, { 'apns-expiration': expiration(604_790) }), week()],
  ['a lifetime ten seconds long', headed(alert, { 'apns-expiration': expiration(604_810) }), week()],
  ['a refused push', { ...alert, status: 410 }, { kind: 'alert', status: 410 }],
];
for (const [what, push, expected] of right) {
  test(`scenario judge - ${what} is as it should be`, () => {
    assert.deepEqual(judgePushes([push], [expected], context), []);
  });
}

const wrong: readonly [what: string, push: ReceivedPush, expected: PushExpectation, ...problems: string[]][] = [
  [
    'a lifetime eleven seconds short',
    headed(alert, { 'apns-expiration': expiration(604_789) }),
    week(),
    'its lifetime in seconds is 604789, not 604800',
  ],
  [
    'a lifetime eleven seconds long',
    headed(alert, { 'apns-expiration': expiration(604_811) }),
    week(),
    'its lifetime in seconds is 604811, not 604800',
  ],
  [
    'a call that may wait for a second',
    headed(voip, { 'apns-expiration': expiration(1) }),
    { kind: 'voip', lifetimeS: 0 },
    'its lifetime in seconds is 1, not 0',
  ],
  [
    'an alert that is worth nothing later',
    headed(alert, { 'apns-expiration': '0' }),
    week(),
    'its lifetime in seconds is 0, not 604800',
  ],
  [
    'a data message of eleven seconds less',
    withMessage({}, { ttl: '604789s' }),
    week(),
    'ttl in seconds is 604789, not 604800',
  ],
  ['a data message without ttl', withMessage({}, { ttl: undefined }), week(), 'ttl in seconds is absent, not 604800'],
  [
    'a data message with a notification',
    withMessage({ notification: { title: 'Hello' } }),
    { kind: 'alert' },
    'it has a notification, which Android shows in place of the app',
  ],
  [
    'a data message with a notification for Android',
    withMessage({}, { notification: { title: 'Hello' } }),
    { kind: 'alert' },
    'it has a notification, which Android shows in place of the app',
  ],
  [
    'a number among the data',
    withMessage({ data: { ...sealed, unread: 1 } }),
    { kind: 'alert' },
    'the value of unread is no string',
  ],
  [
    'a data message of low priority',
    withMessage({}, { priority: 'normal' }),
    { kind: 'alert' },
    'priority is normal, not high',
  ],
  [
    'an unwanted collapse key',
    withMessage({}, { collapse_key: 'wake' }),
    { kind: 'alert' },
    'collapse_key is wake, not absent',
  ],
  [
    'an alert in the background',
    alert,
    { kind: 'background' },
    'apns-push-type is alert, not background',
    'apns-priority is 10, not 5',
    'mutable-content is 1, not absent',
    'content-available is absent, not 1',
    'there is an alert in it',
  ],
  [
    'a call over the topic of messages',
    headed(voip, { 'apns-topic': topic }),
    { kind: 'voip' },
    `apns-topic is ${topic}, not ${topic}.voip`,
  ],
  [
    'a message over the topic of calls',
    headed(alert, { 'apns-topic': `${topic}.voip` }),
    { kind: 'alert' },
    `apns-topic is ${topic}.voip, not ${topic}`,
  ],
  [
    'an alert that the extension does not see',
    withAps(alert, { 'mutable-content': undefined }),
    { kind: 'alert' },
    'mutable-content is absent, not 1',
  ],
  [
    'an alert that also wakes the app',
    withAps(alert, { 'content-available': 1 }),
    { kind: 'alert' },
    'content-available is 1, not absent',
  ],
  [
    'another value',
    alert,
    { kind: 'alert', values: { account: 'juliet@example.net', iv: 'BBBB' } },
    'account is romeo@example.net, not juliet@example.net',
  ],
  [
    'a key too many and one too few',
    alert,
    { kind: 'alert', keys: ['encrypted', 'account', 'sender'] },
    'the list of its keys is ["account","encrypted","iv"], not ["account","encrypted","sender"]',
  ],
  [
    'a refusal by the provider',
    { ...alert, status: 400, reason: 'BadTopic' },
    { kind: 'alert' },
    'APNs refuses it: 400 BadTopic',
  ],
  ['another status', { ...alert, status: 410 }, { kind: 'alert' }, 'the provider’s answer is 410, not 200'],
  ['a byte too many', alert, { kind: 'alert', bytes: [0, 699] }, 'its size is 700 bytes, not 0 to 699'],
  ['a byte too few', alert, { kind: 'alert', bytes: [701, 800] }, 'its size is 700 bytes, not 701 to 800'],
  [
    'an id that is no UUID',
    headed(alert, { 'apns-id': 'x', 'apns-collapse-id': 'x' }),
    { kind: 'alert' },
    'apns-id is x, not a UUID',
  ],
  [
    'no id at all',
    headed(alert, { 'apns-id': undefined, 'apns-collapse-id': undefined }),
    { kind: 'alert' },
    'apns-id is absent, not a UUID',
  ],
  [
    'another collapse id',
    headed(alert, { 'apns-collapse-id': otherId }),
    { kind: 'alert' },
    `apns-collapse-id is ${otherId}, not ${id}`,
  ],
];
for (const [what, push, expected, ...problems] of wrong) {
  test(`scenario judge - ${what} is found and said`, () => {
    assert.deepEqual(
      judgePushes([push], [expected], context),
      problems.map((problem) => `the push: ${problem}`),
    );
  });
}

function week(): PushExpectation {
  return { kind: 'alert', lifetimeS: 604_800 };
}
test('scenario judge - ids of our own design are looked at only where the run is strict', () => {
  const bare = headed(alert, { 'apns-id': undefined, 'apns-collapse-id': undefined });
  assert.deepEqual(judgePushes([bare], [{ kind: 'alert' }], tolerant), []);
});

const wrongForAnybody: readonly [what: string, push: ReceivedPush, expected: PushExpectation, problem?: string][] = [
  [
    'an alert without priority, which Apple takes for 10',
    headed(alert, { 'apns-priority': undefined }),
    { kind: 'alert' },
  ],
  [
    'a background push without priority',
    headed(background, { 'apns-priority': undefined }),
    { kind: 'background' },
    'apns-priority is 10, not 5',
  ],
  [
    'a call that is worth a minute',
    headed(voip, { 'apns-expiration': expiration(60) }),
    { kind: 'voip', lifetimeS: 0 },
  ],
  [
    'a call that is worth more than a minute',
    headed(voip, { 'apns-expiration': expiration(61) }),
    { kind: 'voip', lifetimeS: 0 },
    'by its apns-expiration a call may come for 61 s, and a caller waits less than 60 s',
  ],
  [
    'a call without expiration',
    headed(voip, { 'apns-expiration': undefined }),
    { kind: 'voip', lifetimeS: 0 },
    'by its apns-expiration a call may come as long as APNs likes, and a caller waits less than 60 s',
  ],
  ['an alert for a call', callAlert, { kind: 'visible' }],
  [
    'an alert for a call that the extension rewrites',
    alert,
    { kind: 'visible' },
    'mutable-content stands beside a call, which the extension then announces as a message',
  ],
  ['an alert that is a string', withAps(alert, { alert: 'New message!' }), { kind: 'alert' }],
  ['an alert with words of the app', withAps(alert, { alert: { 'loc-key': 'NEW' } }), { kind: 'alert' }],
  ...['', {}, { body: '' }, []].map((empty): (typeof wrongForAnybody)[number] => [
    `an alert that is ${JSON.stringify(empty)}`,
    withAps(alert, { alert: empty }),
    { kind: 'alert' },
    'its alert has no text: iOS shows nothing and does not run the extension',
  ]),
];
for (const [what, push, expected, problem] of wrongForAnybody) {
  test(`scenario judge - of anybody, ${what} is ${problem === undefined ? 'as it should be' : 'found and said'}`, () => {
    const problems = problem === undefined ? [] : [`the push: ${problem}`];
    assert.deepEqual(judgePushes([push], [expected], tolerant), problems);
  });
}

test('scenario judge - a message that takes the place of another one on the screen is found and said', () => {
  const first = headed(alert, { 'apns-collapse-id': 'message' });
  const second = { ...first, body: { ...first.body, encrypted: 'CCCC' } };
  const both: readonly PushExpectation[] = [{ kind: 'alert' }, { kind: 'alert' }];
  const replaced = 'push 2: apns-collapse-id is that of the message before, which this one replaces on the screen';
  assert.deepEqual(judgePushes([first, second], both, tolerant), [replaced]);
  const others: readonly ReceivedPush[] = [
    headed(second, { 'apns-collapse-id': 'another' }),
    headed(second, { 'apns-collapse-id': undefined }),
    { ...second, token: 'cd' },
    first,
  ];
  for (const other of others) assert.deepEqual(judgePushes([first, other], both, tolerant), []);
  assert.deepEqual(
    judgePushes([second], [{ kind: 'alert' }], { ...tolerant, previous: { ...first, status: 400 } }),
    [],
  );
});

test('scenario judge - what FCM found wrong itself is said', () => {
  const detail = 'Invalid data payload key: from';
  const refused: ReceivedPush = { ...fcm, status: 400, reason: 'INVALID_ARGUMENT', detail };
  assert.deepEqual(judgePushes([refused], [{ kind: 'alert' }], tolerant), [
    `the push: FCM refuses it: 400 INVALID_ARGUMENT: ${detail}`,
  ]);
});

test('scenario judge - a push sent again has the id of the one before, a new one another', () => {
  const next = headed(alert, { 'apns-id': otherId, 'apns-collapse-id': otherId });
  const again: PushExpectation = { kind: 'alert', sameId: true };
  const fresh: PushExpectation = { kind: 'alert' };
  const before = { ...context, previous: alert };
  assert.deepEqual(judgePushes([alert], [again], before), []);
  assert.deepEqual(judgePushes([next], [again], before), [`the push: apns-id is ${otherId}, not ${id}`]);
  assert.deepEqual(judgePushes([next], [fresh], before), []);
  assert.deepEqual(judgePushes([alert], [fresh], before), ['the push: whether its id is new is false, not true']);
  // The push before it within the same step counts as well.
  assert.deepEqual(judgePushes([alert, alert], [fresh, again], context), []);
  assert.deepEqual(judgePushes([alert, alert], [fresh, fresh], context), [
    'push 2: whether its id is new is false, not true',
  ]);
  // What was refused may go out again under its id.
  assert.deepEqual(judgePushes([alert], [fresh], { ...context, previous: { ...alert, status: 400 } }), []);
});

test('scenario judge - pushes too many and too few are counted, and the token of each is looked at', () => {
  const one: PushExpectation = { kind: 'alert' };
  assert.deepEqual(judgePushes([], [one], tolerant), ['the push did not come']);
  assert.deepEqual(judgePushes([alert], [one, one], tolerant), ['push 2 did not come']);
  assert.deepEqual(judgePushes([alert, alert], [one], tolerant), ['1 push too many']);
  assert.deepEqual(judgePushes([alert, alert, alert], [one], tolerant), ['2 pushes too many']);
  assert.deepEqual(judgePushes([alert], [{ ...one, to: 'second' }], tolerant), [
    'the push: its token is first, not second',
  ]);
  assert.deepEqual(judgePushes([alert], [one], { ...tolerant, placeOf: () => 'second' }), [
    'the push: its token is second, not first',
  ]);
});

test('scenario judge - what a sealed event holds is nobody’s business, each part by itself', () => {
  const from = 'juliet@capulet.example/balcony';
  const sender = { name: 'the sender', text: from };
  const body = { name: 'the body', text: 'Art thou not Romeo?' };
  assert.deepEqual(secretsOf({ kind: 'message', from, body: body.text }), [sender, body]);
  assert.deepEqual(
    secretsOf({ kind: 'groupchat', room: 'heath@chat.example', nickname: 'First Witch', body: body.text }),
    [{ name: 'the room', text: 'heath@chat.example' }, { name: 'the nickname', text: 'First Witch' }, body],
  );
  for (const kind of ['subscription', 'receipt', 'chat-state'] as const)
    assert.deepEqual(secretsOf({ kind, from }), [sender]);
  assert.deepEqual(secretsOf({ kind: 'call-offer', from, sid: 's', media: ['audio'] }), [sender]);
  assert.deepEqual(secretsOf({ kind: 'call-end', from, sid: 's' }), [sender]);
  assert.deepEqual(secretsOf({ kind: 'read-elsewhere' }), []);
});

test('scenario judge - a secret is found wherever a provider could read it, in its JSON form', () => {
  const secret = { name: 'the nickname', text: 'First "Witch"\n🌹' };
  const { text } = secret;
  const found = ['the nickname travels in clear to the provider'];
  assert.deepEqual(judgeLeak(secret, [alert, background, fcm]), []);
  assert.deepEqual(judgeLeak(secret, []), []);
  assert.deepEqual(judgeLeak(secret, [alert, withAps(alert, { alert: { title: text } })]), found);
  assert.deepEqual(judgeLeak(secret, [{ ...alert, body: { ...alert.body, [`x-${text}`]: 1 } }]), found);
  assert.deepEqual(judgeLeak(secret, [withMessage({ data: { ...sealed, nickname: `${text}!` } })]), found);
  assert.deepEqual(judgeLeak(secret, [headed(alert, { 'apns-collapse-id': `chat-${text}` })]), found);
});

test('scenario judge - keys are what the app sees: without aps, or the data alone', () => {
  assert.deepEqual(keysOf(alert), sealed);
  assert.deepEqual(keysOf(fcm), sealed);
  assert.deepEqual(keysOf({ ...fcm, body: {} }), {});
});

test('scenario judge - of what the phone shows only the given fields are compared', () => {
  const shown = { kind: 'notification', title: 'juliet@capulet.example', text: 'Hello' } as const;
  assert.deepEqual(judgeShowing(shown, { kind: 'notification', text: 'Hello' }), []);
  assert.deepEqual(judgeShowing(shown, { kind: 'notification', title: 'romeo' }), [
    'the phone shows title juliet@capulet.example, not romeo',
  ]);
  assert.deepEqual(judgeShowing({ kind: 'fault', why: 'it crashes' }, { kind: 'notification', text: 'Hello' }), [
    'the phone shows kind fault, not notification',
    'the phone shows text it crashes, not Hello',
  ]);
  assert.deepEqual(judgeShowing(undefined, { kind: 'cleared' }), ['the phone shows kind absent, not cleared']);
});

test('scenario judge - fields of the JSON are compared with their type; null means absent', () => {
  const json = '{"unread":1,"media":["audio"],"type":"chat"}';
  assert.deepEqual(judgeFields(json, { unread: 1, media: ['audio'], message: null }), []);
  assert.deepEqual(judgeFields(json, { unread: '1', media: ['video'], type: null, message: 'x' }), [
    'unread in the JSON is the number 1, not the string 1',
    'media in the JSON is ["audio"], not ["video"]',
    'type in the JSON is chat, not null',
    'message in the JSON is absent, not x',
  ]);
});

test('scenario judge - long values are cut for a sentence', () => {
  assert.equal(say('x'.repeat(120)), 'x'.repeat(120));
  assert.equal(say('x'.repeat(121)), `${'x'.repeat(119)}…`);
  assert.equal(say(undefined), 'absent');
});
