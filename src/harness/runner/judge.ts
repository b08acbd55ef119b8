/** Holds what came of a step against what its scenario says. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { ReceivedPush } from '../stand-ins/contract.ts';
import type { Shown } from '../clients/device.ts';
import type { Place } from './mailbox.ts';
import type { Pieces, PushExpectation, Showing } from '../scenarios/scenario.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** Between what a server reckoned and what a provider saw. */
const lifetimeSlackS = 10;
/** A call that comes within so many seconds still finds somebody ringing. */
const ringingS = 60;

export interface PushContext {
  /** Whether the ids of our own design are looked at. */
  readonly strict: boolean;
  /** Of the app. */
  readonly topic: string;
  readonly placeOf: (push: ReceivedPush) => Place;
  /** The push before the first one, for `sameId`. */
  readonly previous: ReceivedPush | undefined;
}

/** Holds pushes against expectations, in their order. */
export function judgePushes(
  pushes: readonly ReceivedPush[],
  expected: readonly PushExpectation[],
  context: PushContext,
): string[] {
  const problems = expected.flatMap((each, index) => {
    const push = pushes[index];
    const ordinal = expected.length > 1 ? `push ${index + 1}` : 'the push';
    if (!push) return [`${ordinal} did not come`];
    const previous = pushes[index - 1] ?? context.previous;
    return judgePush(push, each, { ...context, previous }).map((problem) => `${ordinal}: ${problem}`);
  });
  const more = pushes.length - expected.length;
  return more > 0 ? [...problems, `${more} push${more > 1 ? 'es' : ''} too many`] : problems;
}

/** What differs between a push and its expectation, in words. */
function judgePush(push: ReceivedPush, expected: PushExpectation, context: PushContext): string[] {
  const problems: string[] = [];
  const differ = (what: string, wanted: unknown, actual: unknown) => {
    if (!isDeepStrictEqual(wanted, actual)) problems.push(`${what} is ${sayDifference(actual, wanted)}`);
  };
  differ('its token', expected.to ?? 'first', context.placeOf(push));
  if (push.reason !== undefined && (expected.status ?? 200) === 200) {
    problems.push(describeRefusal(push, 'it'));
  } else differ('the provider’s answer', expected.status ?? 200, push.status);
  const told = { ...context, report: (problem: string) => void problems.push(problem) };
  if (push.provider === 'apns') judgeApns(push, expected, told, differ);
  else judgeFcm(push, expected, told, differ);
  const keys = keysOf(push);
  if (expected.keys && context.strict) {
    differ('the list of its keys', expected.keys.toSorted(), Object.keys(keys).toSorted());
  } else if (expected.keys) problems.push(...judgeKeys(keys, expected.keys));
  for (const [name, value] of Object.entries(expected.values ?? {})) differ(name, value, keys[name]);
  const [atLeast, atMost] = expected.bytes ?? [0, Number.POSITIVE_INFINITY];
  if (push.bytes < atLeast || push.bytes > atMost) {
    problems.push(`its size is ${push.bytes} bytes, not ${atLeast} to ${atMost}`);
  }
  return problems;
}

/** That a provider did not take a push, and why; `name` stands for the push. */
export function describeRefusal({ provider, status, reason, detail }: ReceivedPush, name = 'the push'): string {
  const why = detail === undefined ? '' : `: ${detail}`;
  return `${provider === 'apns' ? 'APNs' : 'FCM'} refuses ${name}: ${status} ${reason}${why}`;
}

/** What apps read as a notification in clear; beside a sealed one it would be shown in its place. */
const clearKeys = ['sender', 'body', 'nickname'];

/** App servers may add keys of their own, but not those that stand for another kind of notification. */
function judgeKeys(keys: Readonly<Record<string, unknown>>, expected: readonly string[]): string[] {
  const missing = expected.filter((name) => keys[name] === undefined);
  const misleading = clearKeys.filter((name) => keys[name] !== undefined && !expected.includes(name));
  return [
    ...missing.map((name) => `the key ${name} is missing`),
    ...misleading.map((name) => `the key ${name} is there, which says that the notification is in clear`),
  ];
}

interface Telling extends PushContext {
  readonly report: (problem: string) => void;
}

type Differ = (what: string, wanted: unknown, actual: unknown) => void;

const apnsKinds = {
  alert: { type: 'alert', priority: '10' },
  'call-alert': { type: 'alert', priority: '10' },
  visible: { type: 'alert', priority: '10' },
  background: { type: 'background', priority: '5' },
  voip: { type: 'voip', priority: '10' },
} as const;

/** `carried` may be either: the texts know no priority. */
function kindOf(
  { kind }: PushExpectation,
  headers: ReceivedPush['headers'],
): Exclude<PushExpectation['kind'], 'carried'> {
  if (kind !== 'carried') return kind;
  return headers['apns-push-type'] === 'background' ? 'background' : 'alert';
}

function judgeApns(push: ReceivedPush, expected: PushExpectation, context: Telling, differ: Differ): void {
  const { headers } = push;
  const aps = objectOf(push.body['aps']);
  const wanted = kindOf(expected, headers);
  const kind = apnsKinds[wanted];
  differ('apns-push-type', kind.type, headers['apns-push-type']);
  // Apple takes an absent one for 10.
  const priority = headers['apns-priority'] ?? (context.strict ? undefined : '10');
  differ('apns-priority', kind.priority, priority);
  differ('apns-topic', wanted === 'voip' ? `${context.topic}.voip` : context.topic, headers['apns-topic']);
  if (wanted !== 'visible') differ('mutable-content', wanted === 'alert' ? 1 : undefined, aps['mutable-content']);
  differ('content-available', wanted === 'background' ? 1 : undefined, aps['content-available']);
  if (wanted === 'visible' && aps['mutable-content'] === 1) {
    context.report('mutable-content stands beside a call, which the extension then announces as a message');
  }
  if (kind.type === 'alert' && aps['alert'] === undefined) context.report('there is no alert in it');
  else if (kind.type === 'alert' && !hasText(aps['alert'])) {
    context.report('its alert has no text: iOS shows nothing and does not run the extension');
  }
  if (kind.type !== 'alert' && aps['alert'] !== undefined) context.report('there is an alert in it');
  for (const [name, value] of Object.entries(expected.alert ?? {})) differ(name, value, objectOf(aps['alert'])[name]);
  judgeExpiration(push, expected, context, differ);
  if (replacesSealed(push, context.previous)) {
    context.report('apns-collapse-id is that of the message before, which this one replaces on the screen');
  }
  const { 'apns-id': id, 'apns-collapse-id': collapseId } = headers;
  if (expected.sameId) differ('apns-id', context.previous?.headers['apns-id'], id);
  if (!context.strict) return;
  if (!uuid.test(id ?? '')) differ('apns-id', 'a UUID', id);
  differ('apns-collapse-id', id, collapseId);
  if (!expected.sameId && id !== undefined && context.previous?.status === 200) {
    differ('whether its id is new', true, context.previous.headers['apns-id'] !== id);
  }
}

function judgeExpiration(push: ReceivedPush, expected: PushExpectation, context: Telling, differ: Differ): void {
  const written = push.headers['apns-expiration'];
  const expiration = Number(written);
  const lifetimeS = expiration === 0 ? 0 : expiration - push.atMs / 1000;
  if (lifetimeS < 0) {
    differ('apns-expiration', 'a moment to come in seconds since 1970', written);
  } else if (expected.lifetimeS === 0 && !context.strict) {
    if (lifetimeS <= ringingS) return;
    const howLong = written === undefined ? 'as long as APNs likes' : `for ${Math.round(lifetimeS)} s`;
    context.report(`by its apns-expiration a call may come ${howLong}, and a caller waits less than ${ringingS} s`);
  } else if (expected.lifetimeS !== undefined) {
    differ('its lifetime in seconds', expected.lifetimeS, near(lifetimeS, expected.lifetimeS));
  }
}

/** Whether iOS shows a sealed message in the place of another one: both have the same collapse id. */
function replacesSealed(push: ReceivedPush, previous: ReceivedPush | undefined): boolean {
  if (!previous || previous.status !== 200 || push.token !== previous.token) return false;
  const [id, idBefore] = [push.headers['apns-collapse-id'], previous.headers['apns-collapse-id']];
  const [sealed, sealedBefore] = [keysOf(push)['encrypted'], keysOf(previous)['encrypted']];
  const areAlerts = [push, previous].every(({ headers }) => headers['apns-push-type'] === 'alert');
  return areAlerts && id !== undefined && id === idBefore && sealedBefore !== undefined && sealed !== sealedBefore;
}

/** Whether iOS has something to show; without it, it does not run the extension either. */
function hasText(alert: unknown): boolean {
  if (typeof alert === 'string') return alert !== '';
  return ['title', 'subtitle', 'body', 'loc-key', 'title-loc-key'].some((name) => Boolean(objectOf(alert)[name]));
}

function judgeFcm(push: ReceivedPush, expected: PushExpectation, context: Telling, differ: Differ): void {
  const message = objectOf(push.body['message']);
  const android = objectOf(message['android']);
  // Normal is what a data message is unless it says otherwise.
  const priority = typeof android['priority'] === 'string' ? android['priority'].toLowerCase() : 'normal';
  if (expected.kind !== 'carried') differ('priority', expected.kind === 'background' ? 'normal' : 'high', priority);
  if (message['notification'] !== undefined || android['notification'] !== undefined) {
    context.report('it has a notification, which Android shows in place of the app');
  }
  const [other] = Object.entries(keysOf(push)).find(([, value]) => typeof value !== 'string') ?? [];
  if (other !== undefined) context.report(`the value of ${other} is no string`);
  if (expected.lifetimeS !== undefined) {
    const ttl = /^(\d+)s$/.exec(String(android['ttl']))?.[1];
    differ(
      'ttl in seconds',
      expected.lifetimeS,
      ttl === undefined ? android['ttl'] : near(Number(ttl), expected.lifetimeS),
    );
  }
  if (context.strict || expected.collapseKey !== undefined) {
    differ('collapse_key', expected.collapseKey, android['collapse_key']);
  }
}

/** What was wanted where it is as good as that, else what there is. */
function near(actual: number, wanted: number): number {
  const isNear = wanted === 0 ? actual === 0 : Math.abs(actual - wanted) <= lifetimeSlackS;
  return isNear ? wanted : Math.round(actual);
}

/** What the app itself gets to see beside `aps`. */
export function keysOf(push: ReceivedPush): Readonly<Record<string, unknown>> {
  if (push.provider === 'fcm') return objectOf(objectOf(push.body['message'])['data']);
  const { aps: _aps, ...keys } = push.body;
  return keys;
}

/** What differs between what the phone did and what it should have done. */
export function judgeShowing(shown: Shown | undefined, expected: Showing): string[] {
  const actual = (shown ?? {}) as Readonly<Record<string, unknown>>;
  return Object.entries(expected).flatMap(([name, value]) =>
    actual[name] === value ? [] : [`the phone shows ${name} ${say(actual[name] ?? actual['why'])}, not ${say(value)}`],
  );
}

/** Looks for pieces of XML that must, or must not, stand in a text; `name` begins the sentences. */
export function judgePieces(name: string, xml: string, { has = [], lacks = [] }: Pieces = {}): string[] {
  return [
    ...has.filter((piece) => !xml.includes(piece)).map((piece) => `${name} lacks ${piece}`),
    ...lacks.filter((piece) => xml.includes(piece)).map((piece) => `${name} has ${piece}`),
  ];
}

/** Compares fields of the opened JSON; `null`: absent. */
export function judgeFields(json: string, expected: Readonly<Record<string, unknown>>): string[] {
  const actual = objectOf(parse(json));
  return Object.entries(expected).flatMap(([name, value]) =>
    isDeepStrictEqual(actual[name] ?? null, value)
      ? []
      : [`${name} in the JSON is ${sayDifference(actual[name], value)}`],
  );
}

/** What a phone reads may be anything: a cut ciphertext opens to half a JSON. */
function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** What a value is and is not; with its type where the values look alike. */
function sayDifference(actual: unknown, wanted: unknown): string {
  if (say(actual) !== say(wanted)) return `${say(actual)}, not ${say(wanted)}`;
  return `the ${typeof actual} ${say(actual)}, not the ${typeof wanted} ${say(wanted)}`;
}

/** A value for a sentence, not too long. */
export function say(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'absent');
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`;
}
