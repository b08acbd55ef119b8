/** What becomes of a push, and what the server hears: the design's section 7. */
import { type AppName, ownPublishesMax } from './apps.ts';
import { kebab } from './provider-answers.ts';
import { malformedScenarios } from './malformed-scenarios.ts';
import type { Expectation, Scenario, Step } from './scenario.ts';
import {
  bareAlert,
  callAlert,
  callOffer,
  delivered,
  encrypted,
  high,
  message,
  ready,
  ringing,
  sealedAlert,
  taken,
} from './fixtures.ts';

const faults: readonly Scenario[] = (['reset', 'cancel'] as const).map((fault, index) => ({
  id: `apns-fault-${fault}`,
  title: `A push that APNs ends with ${fault} is tried again`,
  paragraphs: ['outcome/retry', 'payload/id'],
  scope: 'sealpost',
  phone: 'siskin',
  app: `iphone-outcomes-${index + 4}` as AppName,
  steps: [
    ...ready,
    delivered,
    { do: 'provider', script: { fault, times: 1 } },
    { do: 'happen', event: message, expect: taken({ ...sealedAlert, status: 0 }) },
    { do: 'wait', expect: { ...sealedAlert, sameId: true } },
  ],
}));

const publishItself = (expect: Expectation): Step => ({
  do: 'publish',
  notification: encrypted + high,
  from: '{account}',
  expect,
});

const single: readonly Scenario[] = [
  {
    id: 'apns-goaway',
    title: 'A push that a leaving connection did not process goes over the next one at once',
    paragraphs: ['outcome/retry', 'payload/id'],
    scope: 'sealpost',
    phone: 'siskin',
    app: 'iphone-outcomes-6',
    steps: [
      ...ready,
      delivered,
      { do: 'provider', script: { fault: 'goaway-unprocessed', times: 1 } },
      { do: 'happen', event: message, expect: taken({ ...sealedAlert, status: 0 }, { ...sealedAlert, sameId: true }) },
      delivered,
    ],
  },
  {
    id: 'dead-token',
    title: 'A device that the provider calls dead is named as such to its server, for good',
    paragraphs: ['outcome/gone'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      delivered,
      { do: 'provider', script: { status: 410, reason: 'Unregistered', timestampMs: Date.UTC(2100, 0, 1) } },
      {
        do: 'happen',
        event: message,
        expect: { answer: 'cancel/item-not-found', kept: false, pushes: [{ kind: 'alert', status: 410 }] },
      },
    ],
  },
  {
    id: 'dead-before-registering',
    title: 'APNs’ word that a token died before it was registered is old news',
    paragraphs: ['outcome/gone-before', 'outcome/retry'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      { do: 'provider', script: { status: 410, reason: 'Unregistered', timestampMs: Date.UTC(2020, 0, 1), times: 1 } },
      { do: 'happen', event: message, expect: taken({ ...sealedAlert, status: 410 }) },
      delivered,
    ],
  },
  ...(['BadDeviceToken', 'DeviceTokenNotForTopic'] as const).map((reason): Scenario => ({
    id: `unproven-${kebab(reason)}`,
    title: `${reason} where nothing was ever delivered is our fault`,
    paragraphs: ['outcome/believable', 'outcome/misconfigured'],
    scope: 'sealpost',
    phone: 'siskin',
    app: 'iphone-unproven',
    steps: [
      ...ready,
      { do: 'provider', script: { status: 400, reason } },
      {
        do: 'happen',
        event: message,
        expect: { answer: 'wait/internal-server-error', pushes: [{ ...sealedAlert, status: 400 }] },
      },
    ],
  })),
  {
    id: 'unproven-410',
    title: 'A 410 of unknown reason where nothing was ever delivered is our fault',
    paragraphs: ['outcome/believable'],
    scope: 'sealpost',
    phone: 'siskin',
    app: 'iphone-unproven',
    steps: [
      ...ready,
      { do: 'provider', script: { status: 410, reason: 'NeverHeardOf' } },
      {
        do: 'happen',
        event: message,
        expect: { answer: 'wait/internal-server-error', pushes: [{ ...sealedAlert, status: 410 }] },
      },
    ],
  },
  {
    id: 'unproven-sender-id-mismatch',
    title: 'SENDER_ID_MISMATCH where nothing was ever delivered is our fault',
    paragraphs: ['outcome/believable'],
    scope: 'sealpost',
    phone: 'android',
    app: 'android-unproven',
    steps: [
      ...ready,
      { do: 'provider', script: { reason: 'SENDER_ID_MISMATCH' } },
      {
        do: 'happen',
        event: message,
        expect: { answer: 'wait/internal-server-error', pushes: [{ ...sealedAlert, status: 403 }] },
      },
    ],
  },
  {
    id: 'other-environment',
    title: 'With environment auto a bad token is tried in the other environment',
    paragraphs: ['outcome/environments'],
    scope: 'sealpost',
    phone: 'siskin',
    app: 'iphone-auto',
    steps: [
      ...ready,
      { do: 'provider', script: { status: 400, reason: 'BadDeviceToken', times: 1 } },
      {
        do: 'happen',
        event: message,
        expect: taken({ ...sealedAlert, status: 400 }, { ...sealedAlert, sameId: true }),
      },
      delivered,
    ],
  },
  {
    id: 'dead-pushkit-token',
    title: 'A dead PushKit token is dropped alone, and the call comes as an alert',
    paragraphs: ['outcome/second-token', 'routing/call-without-pushkit'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      delivered,
      {
        do: 'provider',
        token: 'second',
        script: { status: 410, reason: 'Unregistered', timestampMs: Date.UTC(2100, 0, 1) },
      },
      { do: 'happen', event: callOffer, expect: { ...taken({ ...ringing, status: 410 }, callAlert), unopened: true } },
      { do: 'happen', event: callOffer, expect: { ...taken(callAlert), unopened: true } },
      delivered,
    ],
  },
  {
    id: 'refused-call',
    title: 'A call that PushKit does not take comes as an alert',
    paragraphs: ['outcome/refused', 'routing/call-without-pushkit'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      { do: 'provider', token: 'second', script: { status: 413, reason: 'PayloadTooLarge', times: 1 } },
      { do: 'happen', event: callOffer, expect: { ...taken({ ...ringing, status: 413 }, callAlert), unopened: true } },
      { do: 'happen', event: callOffer, expect: taken(ringing) },
    ],
  },
  {
    id: 'refused-twice',
    title: 'What is not taken even without content is given up, and the server hears nothing of it',
    paragraphs: ['outcome/refused'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      delivered,
      { do: 'provider', script: { status: 413, reason: 'PayloadTooLarge', times: 2 } },
      {
        do: 'happen',
        event: message,
        expect: { ...taken({ ...sealedAlert, status: 413 }, { ...bareAlert, status: 413 }), unopened: true },
      },
      delivered,
    ],
  },
  {
    id: 'queued-call',
    title: 'A call that cannot be sent at once is tried again while somebody rings',
    paragraphs: ['outcome/retry', 'payload/apns-voip'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      { do: 'provider', token: 'second', script: { status: 500, reason: 'InternalServerError', times: 1 } },
      { do: 'happen', event: callOffer, expect: taken({ ...ringing, status: 500 }) },
      { do: 'wait', expect: { ...ringing, sameId: true }, shows: { kind: 'ringing' } },
    ],
  },
  {
    id: 'unknown-node',
    title: 'A node that nobody was given is unknown',
    paragraphs: ['outcome/unknown-node', 'outcome/condition-first'],
    scope: 'any',
    capability: 'unknown-node',
    phone: 'stranger',
    proven: true,
    steps: [
      { do: 'enable' },
      { do: 'happen', event: message, expect: { answer: 'cancel/item-not-found', kept: false, pushes: [] } },
    ],
  },
  {
    id: 'lost-node',
    title: 'A node that may have been given before its store was lost is not called unknown',
    paragraphs: ['outcome/lost-node', 'outcome/condition-first'],
    scope: 'sealpost',
    phone: 'forgotten',
    app: 'iphone',
    steps: [
      { do: 'enable' },
      { do: 'happen', event: message, expect: { answer: 'wait/internal-server-error', pushes: [] } },
    ],
  },
  {
    id: 'account-publishes-too-much',
    title: 'An account that publishes more than its limit is told to wait, and keeps its registration',
    paragraphs: ['outcome/publisher-limit', 'outcome/condition-first'],
    scope: 'sealpost',
    phone: 'siskin',
    app: 'iphone',
    steps: [
      ...ready,
      ...Array.from({ length: ownPublishesMax }, () => publishItself(taken(sealedAlert))),
      publishItself({ answer: 'wait/internal-server-error', pushes: [] }),
      delivered,
    ],
  },
  {
    id: 'wrong-publisher',
    title: 'A server that the account is not at may not publish',
    paragraphs: ['outcome/wrong-publisher', 'outcome/condition-first'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      {
        do: 'publish',
        notification: encrypted + high,
        from: 'mallory.example',
        expect: { answer: 'auth/forbidden', pushes: [] },
      },
      {
        do: 'publish',
        notification: encrypted + high,
        from: 'intruder@{domain}',
        expect: { answer: 'auth/forbidden', pushes: [] },
      },
      delivered,
    ],
  },
  {
    id: 'publishers',
    title: 'The account’s server may publish, from a resource as well, and the account itself',
    paragraphs: ['outcome/wrong-publisher', 'outcome/delivered'],
    scope: 'sealpost',
    phone: 'siskin',
    steps: [
      ...ready,
      { do: 'publish', notification: encrypted + high, from: '{domain}/5e884898da28', expect: taken(sealedAlert) },
      { do: 'publish', notification: encrypted + high, from: '{account}', expect: taken(sealedAlert) },
    ],
  },
  ...malformedScenarios,
];

export const outcomeScenarios: readonly Scenario[] = [...faults, ...single];
