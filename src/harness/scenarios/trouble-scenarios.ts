/** What providers may answer beside 200, for the app server of anybody: judged by what the users' servers would do. */
import type { Script } from '../stand-ins/contract.ts';
import type { AppName } from './apps.ts';
import type { CapabilityName } from './capabilities.ts';
import { callOffer, delivered, message, ready } from './fixtures.ts';
import type { PhoneName } from './phones.ts';
import { kebab } from './provider-answers.ts';
import type { Scenario, Step, TroubleRule } from './scenario.ts';

interface Trouble {
  readonly id: string;
  /** What the provider does, for a title. */
  readonly title: string;
  readonly script: Script;
  readonly rule: TroubleRule;
}

const once = (script: Script): Script => ({ ...script, times: 1 });
/** A dead device is dead for good, and since long after it registered. */
const dead = (script: Script): Script => ({ ...script, timestampMs: Date.UTC(2100, 0, 1) });

function answers(status: number, reason: string, rule: TroubleRule, more: Script = {}): Trouble {
  const script = { status, reason, ...more };
  const isForGood = rule === 'dead' || rule === 'dead or alive';
  return {
    id: `${status}-${kebab(reason)}`,
    title: `answers ${status} ${reason}`,
    script: isForGood ? dead(script) : once(script),
    rule,
  };
}

/** FCM's answer without an error code: the canonical status alone. */
function fcmStatus(status: number, reason: string): Trouble {
  const body = JSON.stringify({ error: { code: status, message: 'Scripted.', status: reason } });
  return {
    id: `${status}-${kebab(reason)}-status`,
    title: `answers ${status} ${reason}`,
    script: once({ status, body }),
    rule: 'alive',
  };
}

const faults: readonly [fault: NonNullable<Script['fault']>, title: string][] = [
  ['hang', 'does not answer'],
  ['reset', 'ends the connection in place of an answer'],
  ['cancel', 'cancels the request'],
  ['goaway', 'answers, says GOAWAY and ends the connection'],
  ['goaway-unprocessed', 'says GOAWAY and does not process the request'],
];
const breaks = (names: readonly string[]): readonly Trouble[] =>
  faults
    .filter(([fault]) => names.includes(fault))
    .map(([fault, title]) => ({ id: fault, title, script: once({ fault }), rule: 'alive' }));

const soon: Script = { retryAfter: '1' };

const apnsTroubles: Partial<Record<CapabilityName, readonly Trouble[]>> = {
  'provider-later': [
    answers(500, 'InternalServerError', 'alive'),
    answers(503, 'ServiceUnavailable', 'alive', soon),
    answers(503, 'Shutdown', 'alive'),
    answers(429, 'TooManyRequests', 'alive', soon),
    ...breaks(['hang', 'reset', 'cancel', 'goaway', 'goaway-unprocessed']),
  ],
  'provider-refuses-us': [
    answers(403, 'InvalidProviderToken', 'alive'),
    answers(403, 'ExpiredProviderToken', 'alive'),
    answers(400, 'TopicDisallowed', 'alive'),
    answers(404, 'BadPath', 'alive'),
  ],
  'payload-refused': [answers(413, 'PayloadTooLarge', 'refused')],
  'dead-token': [
    answers(410, 'Unregistered', 'dead'),
    answers(410, 'ExpiredToken', 'dead'),
    answers(400, 'BadDeviceToken', 'dead or alive'),
    answers(400, 'DeviceTokenNotForTopic', 'dead or alive'),
  ],
};

const fcmTroubles: Partial<Record<CapabilityName, readonly Trouble[]>> = {
  'provider-later': [
    answers(500, 'INTERNAL', 'alive'),
    answers(503, 'UNAVAILABLE', 'alive', soon),
    answers(429, 'QUOTA_EXCEEDED', 'alive', soon),
    ...breaks(['hang', 'reset']),
  ],
  'provider-refuses-us': [
    answers(401, 'THIRD_PARTY_AUTH_ERROR', 'alive'),
    fcmStatus(401, 'UNAUTHENTICATED'),
    fcmStatus(403, 'PERMISSION_DENIED'),
    fcmStatus(404, 'NOT_FOUND'),
  ],
  // Google says so of a malformed token, too.
  'payload-refused': [answers(400, 'INVALID_ARGUMENT', 'refused or dead')],
  'dead-token': [answers(404, 'UNREGISTERED', 'dead'), answers(403, 'SENDER_ID_MISMATCH', 'dead or alive')],
};

const apps = {
  siskin: ['iphone-trouble-1', 'iphone-trouble-2', 'iphone-trouble-3', 'iphone-trouble-4'],
  android: ['android-trouble-1', 'android-trouble-2', 'android-trouble-3'],
} as const satisfies Partial<Record<PhoneName, readonly AppName[]>>;

const consequences: Readonly<Record<TroubleRule, string>> = {
  alive: 'no device is lost, and no message',
  refused: 'no device is lost, and the user sees something',
  'refused or dead': 'the user sees something, or the server is told that the device is dead',
  dead: 'the server is told that the device is dead',
  'dead or alive': 'the server is told the truth',
  'second token dead': 'calls end through PushKit, and the device stays',
};

function play(
  phone: 'siskin' | 'android',
  troubles: Partial<Record<CapabilityName, readonly Trouble[]>>,
): readonly Scenario[] {
  const provider = phone === 'siskin' ? 'APNs' : 'FCM';
  const rows = Object.entries(troubles).flatMap(([capability, list]) =>
    list.map((trouble) => ({ capability: capability as CapabilityName, ...trouble })),
  );
  return rows.map(({ capability, id, title, script, rule }, index): Scenario => ({
    id: `trouble-${provider.toLowerCase()}-${id}`,
    title: `${provider} ${title}: ${consequences[rule]}`,
    paragraphs: [paragraphOf(capability)],
    scope: 'any',
    capability,
    phone,
    app: apps[phone][index % apps[phone].length] ?? apps[phone][0],
    steps: [...ready, delivered, { do: 'trouble', script, event: message, rule }],
  }));
}

function paragraphOf(capability: CapabilityName): string {
  if (capability === 'provider-later') return 'outcome/retry';
  if (capability === 'provider-refuses-us') return 'outcome/misconfigured';
  return capability === 'payload-refused' ? 'outcome/refused' : 'outcome/gone';
}

/** The same for devices that are woken and open nothing. */
const woken: readonly [phone: PhoneName, provider: 'apns' | 'fcm', steps: readonly Step[]][] = [
  ['monal', 'apns', [{ do: 'enable' }]],
  ['conversations', 'fcm', ready],
  ['v1-android', 'fcm', ready],
];

const wokenScenarios = woken.flatMap(([phone, provider, steps]): Scenario[] => {
  const later =
    provider === 'apns'
      ? answers(503, 'ServiceUnavailable', 'alive', soon)
      : answers(503, 'UNAVAILABLE', 'alive', soon);
  const gone = provider === 'apns' ? answers(410, 'Unregistered', 'dead') : answers(404, 'UNREGISTERED', 'dead');
  return ([later, gone] as const).map((trouble): Scenario => ({
    id: `trouble-${phone}-${trouble.id}`,
    title: `For ${phone} ${provider === 'apns' ? 'APNs' : 'FCM'} ${trouble.title}: ${consequences[trouble.rule]}`,
    paragraphs: [trouble === later ? 'outcome/retry' : 'outcome/gone'],
    scope: 'any',
    capability: trouble === later ? 'provider-later' : 'dead-token',
    phone,
    server: 'ejabberd',
    steps: [...steps, { do: 'trouble', script: trouble.script, event: message, rule: trouble.rule }],
  }));
});

export const troubleScenarios: readonly Scenario[] = [
  ...play('siskin', apnsTroubles),
  ...play('android', fcmTroubles),
  {
    id: 'trouble-pushkit-410',
    title: `PushKit calls its token dead: ${consequences['second token dead']}`,
    paragraphs: ['outcome/second-token'],
    scope: 'any',
    capability: 'second-token',
    phone: 'siskin',
    steps: [
      ...ready,
      delivered,
      {
        do: 'trouble',
        token: 'second',
        script: dead({ status: 410, reason: 'Unregistered' }),
        event: callOffer,
        rule: 'second token dead',
      },
    ],
  },
  ...wokenScenarios,
];
