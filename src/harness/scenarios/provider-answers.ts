/** The providers' answers, walked row by row: the design's section 7. */
import type { Script } from '../stand-ins/contract.ts';
import type { AppName } from './apps.ts';
import type { Scenario, Step } from './scenario.ts';
import { bareAlert, delivered, encrypted, high, message, ready, sealedAlert, taken } from './fixtures.ts';

/** What a row of a provider's answers must lead to. */
type Fate = 'delivered' | 'again' | 'gone' | 'doubtful' | 'without-content' | 'our-fault' | 'renewed';

/** Providers' answers: status, reason, fate. Apple: "Handling notification responses from APNs". */
const apnsAnswers: readonly [status: number, reason: string, fate: Fate][] = [
  [400, 'BadCollapseId', 'without-content'],
  [400, 'BadExpirationDate', 'without-content'],
  [400, 'BadMessageId', 'without-content'],
  [400, 'BadPriority', 'without-content'],
  [400, 'DuplicateHeaders', 'without-content'],
  [400, 'InvalidPushType', 'without-content'],
  [400, 'MissingDeviceToken', 'without-content'],
  [400, 'PayloadEmpty', 'without-content'],
  [400, 'BadDeviceToken', 'doubtful'],
  [400, 'DeviceTokenNotForTopic', 'doubtful'],
  [400, 'BadTopic', 'our-fault'],
  [400, 'MissingTopic', 'our-fault'],
  [400, 'TopicDisallowed', 'our-fault'],
  [400, 'IdleTimeout', 'again'],
  [400, 'NeverHeardOf', 'without-content'],
  [403, 'BadCertificate', 'our-fault'],
  [403, 'BadCertificateEnvironment', 'our-fault'],
  [403, 'Forbidden', 'our-fault'],
  [403, 'InvalidProviderToken', 'our-fault'],
  [403, 'MissingProviderToken', 'our-fault'],
  [403, 'BadEnvironmentKeyIdInToken', 'our-fault'],
  [403, 'UnrelatedKeyIdInToken', 'our-fault'],
  [403, 'ExpiredProviderToken', 'renewed'],
  [403, 'NeverHeardOf', 'our-fault'],
  [404, 'BadPath', 'our-fault'],
  [404, 'NeverHeardOf', 'our-fault'],
  [405, 'MethodNotAllowed', 'our-fault'],
  [410, 'ExpiredToken', 'gone'],
  [410, 'Unregistered', 'gone'],
  [410, 'NeverHeardOf', 'doubtful'],
  [413, 'PayloadTooLarge', 'without-content'],
  [429, 'TooManyRequests', 'again'],
  [429, 'TooManyProviderTokenUpdates', 'again'],
  [500, 'InternalServerError', 'again'],
  [503, 'ServiceUnavailable', 'again'],
  [503, 'Shutdown', 'again'],
  [502, 'NeverHeardOf', 'again'],
  [301, 'NeverHeardOf', 'our-fault'],
];

/** Google: "FCM error codes". Without `errorCode`: the canonical status alone. */
const fcmAnswers: readonly [status: number, reason: string, source: 'errorCode' | 'status', fate: Fate][] = [
  [400, 'INVALID_ARGUMENT', 'errorCode', 'without-content'],
  [404, 'UNREGISTERED', 'errorCode', 'gone'],
  [403, 'SENDER_ID_MISMATCH', 'errorCode', 'doubtful'],
  [429, 'QUOTA_EXCEEDED', 'errorCode', 'again'],
  [503, 'UNAVAILABLE', 'errorCode', 'again'],
  [500, 'INTERNAL', 'errorCode', 'again'],
  [401, 'THIRD_PARTY_AUTH_ERROR', 'errorCode', 'our-fault'],
  [500, 'UNSPECIFIED_ERROR', 'errorCode', 'again'],
  [400, 'NEVER_HEARD_OF', 'errorCode', 'without-content'],
  [400, 'INVALID_ARGUMENT', 'status', 'without-content'],
  [400, 'FAILED_PRECONDITION', 'status', 'our-fault'],
  [401, 'UNAUTHENTICATED', 'status', 'renewed'],
  [403, 'PERMISSION_DENIED', 'status', 'our-fault'],
  [404, 'NOT_FOUND', 'status', 'our-fault'],
  [429, 'RESOURCE_EXHAUSTED', 'status', 'again'],
  [500, 'INTERNAL', 'status', 'again'],
  [503, 'UNAVAILABLE', 'status', 'again'],
  [504, 'DEADLINE_EXCEEDED', 'status', 'again'],
  [502, 'NEVER_HEARD_OF', 'status', 'again'],
  [405, 'NEVER_HEARD_OF', 'status', 'our-fault'],
];

const titles: Readonly<Record<Fate, string>> = {
  delivered: 'is taken for accepted',
  again: 'is tried again, and the server is told that all is well',
  gone: 'ends the registration',
  doubtful: 'ends the registration where others fare well',
  'without-content': 'is sent again without content, once',
  'our-fault': 'keeps the registration: the fault is ours',
  renewed: 'is sent again with new credentials',
};

const covered: Readonly<Record<Fate, string>> = {
  delivered: 'outcome/delivered',
  again: 'outcome/retry',
  gone: 'outcome/gone',
  doubtful: 'outcome/believable',
  'without-content': 'outcome/refused',
  'our-fault': 'outcome/misconfigured',
  renewed: 'outcome/retry',
};

/** After a delivered message the provider answers the next one so. */
function stepsFor(fate: Fate, status: number, script: Script): Step[] {
  const first: Step[] = [...ready, delivered];
  const answering = (times: number | undefined): Step => ({
    do: 'provider',
    script: { ...script, ...(times !== undefined && { times }) },
  });
  const refusal = { ...sealedAlert, status };
  const next = (expect: Extract<Step, { do: 'happen' }>['expect']): Step => ({ do: 'happen', event: message, expect });
  switch (fate) {
    case 'delivered':
      return [...first, answering(1), next(taken(refusal))];
    case 'again':
      return [...first, answering(1), next(taken(refusal)), { do: 'wait', expect: { ...sealedAlert, sameId: true } }];
    case 'gone':
    case 'doubtful':
      return [
        ...first,
        answering(1),
        next({ answer: 'cancel/item-not-found', kept: false, pushes: [refusal] }),
        {
          do: 'publish',
          notification: encrypted + high,
          expect: { answer: 'cancel/item-not-found', kept: false, pushes: [] },
        },
      ];
    case 'without-content':
      return [...first, answering(1), next({ ...taken(refusal, bareAlert), unopened: true }), delivered];
    case 'our-fault':
      return [...first, answering(1), next({ answer: 'wait/internal-server-error', pushes: [refusal] }), delivered];
    case 'renewed':
      return [...first, answering(1), next(taken(refusal, sealedAlert)), delivered];
  }
}

/**
 * The app that an answer is played in. What is our own fault is played where a device's death would be believed, and in
 * others than deaths are, since many failures in a row would stop an app.
 */
function placeOf(
  fate: Fate,
  phone: 'iphone' | 'android',
  { index, outcomes, proven }: { readonly index: number; readonly outcomes: number; readonly proven: number },
): { readonly app: AppName; readonly proven?: true } {
  if (fate === 'doubtful') return { app: `${phone}-proven`, proven: true };
  if (fate === 'our-fault') return { app: `${phone}-proven-${(index % proven) + 1}` as AppName, proven: true };
  return { app: `${phone}-outcomes-${(index % outcomes) + 1}` as AppName };
}

const dayMs = 86_400_000;

export const apnsAnswerScenarios: readonly Scenario[] = apnsAnswers.map(([status, reason, fate], index) => {
  // Far in the future of every registration.
  const timestampMs = status === 410 ? Date.UTC(2100, 0, 1) + dayMs : undefined;
  const retryAfter = status === 503 ? '1' : undefined;
  const script = { status, reason, ...(timestampMs && { timestampMs }), ...(retryAfter && { retryAfter }) };
  // APNs lets a token be renewed only so often: then it is tried again like the rest.
  const treated = fate === 'renewed' ? 'again' : fate;
  return {
    id: `apns-${status}-${kebab(reason)}`,
    title: `APNs ${status} ${reason} ${titles[treated]}`,
    paragraphs: [covered[fate], 'outcome/delivered', ...(retryAfter ? ['outcome/retry-after'] : [])],
    scope: 'sealpost',
    phone: 'siskin',
    ...placeOf(fate, 'iphone', { index, outcomes: 6, proven: 3 }),
    steps: stepsFor(treated, status, script),
  };
});

export const fcmAnswerScenarios: readonly Scenario[] = fcmAnswers.map(([status, reason, source, fate], index) => {
  const body = JSON.stringify({ error: { code: status, message: 'Scripted.', status: reason } });
  // Without it a used-up quota pauses for a minute.
  const retryAfter = status === 429 ? '1' : undefined;
  const script: Script = {
    status,
    ...(source === 'errorCode' ? { reason } : { body }),
    ...(retryAfter && { retryAfter }),
  };
  return {
    id: `fcm-${status}-${kebab(reason)}${source === 'status' ? '-status' : ''}`,
    title: `FCM ${status} ${reason}${source === 'status' ? ' without error code' : ''} ${titles[fate]}`,
    paragraphs: [covered[fate], 'outcome/delivered', ...(retryAfter ? ['outcome/retry-after'] : [])],
    scope: 'sealpost',
    phone: 'android',
    ...placeOf(fate, 'android', { index, outcomes: 3, proven: 2 }),
    steps: stepsFor(fate, status, script).map(withoutId),
  };
});

/** FCM has no id that stays the same. */
function withoutId(step: Step): Step {
  if (step.do !== 'wait') return step;
  const { sameId: _none, ...expect } = step.expect;
  return { ...step, expect };
}

export function kebab(reason: string): string {
  return reason.includes('_')
    ? reason.toLowerCase().replaceAll('_', '-')
    : reason.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}
