/** Holds what came of one publish against what its scenario says. */
import type { DeviceView } from '../clients/device.ts';
import type { Expectation, PushExpectation, Showing } from '../scenarios/scenario.ts';
import { answerWord } from '../server/stanza.ts';
import type { ReceivedPush } from '../stand-ins/contract.ts';
import { findAstray } from './astray.ts';
import { judgeAccount, judgeContent } from './content.ts';
import { describeRefusal, judgeFields, judgePieces, judgePushes, judgeShowing, keysOf, say } from './judge.ts';
import { judgeLeak } from './leaks.ts';
import { judgeBare, judgeOpenAnswer } from './loose-conclusion.ts';
import type { Published } from './publishing.ts';
import type { Passage } from './result.ts';
import type { Scene } from './scene.ts';

/** How long a push may take after the answer: some components answer before they send. */
const arriveWithinMs = 5_000;
/** How long nothing must come where nothing may; what comes later is found at the end of the run. */
const neverWithinMs = 500;
/** How long a push may take that comes by itself: a pause of a few seconds, and a loaded machine. */
const waitWithinMs = 30_000;

/** Waits for the pushes that a publish must lead to, and judges all of it; the first problem is the cause of the rest. */
export async function concludePublish(scene: Scene, expected: Expectation, found: Published): Promise<Passage> {
  const { mailbox, stage } = scene;
  const answeredAfterMs = stage.clock.now() - found.startedAtMs;
  await awaitPushes(scene, expected, found);
  const previous = mailbox.latest;
  const pushes = mailbox.take();
  const last = pushes.at(-1);
  const view = last && scene.viewOf(last);
  const lost = expected.bare ? undefined : judgeArrival(scene, expected, found, last);
  const isJudged = !(expected.optional && pushes.length === 0);
  const consequences = lost === undefined && isJudged && !expected.bare ? judgeView(expected, found, last, view) : [];
  const isMissing = pushes.length < expected.pushes.length || (expected.bare !== undefined && pushes.length === 0);
  const astray = isMissing ? findAstray(scene, found.startedAtMs) : undefined;
  const problems = [
    ...(astray === undefined ? [] : [astray]),
    ...judgeType(pushes),
    ...judgeRefusals(expected, pushes),
    ...found.secrets.flatMap((secret) => judgeLeak(secret, pushes)),
    // What was changed on the way may well crash an app.
    ...(lost === undefined ? pushes.flatMap((push) => judgeCrash(expected.shows, scene.viewOf(push))) : []),
    ...judgeTwice(pushes),
    ...judgeAnswer(expected, found),
    ...judgeKind(expected.pushes.at(-1)?.kind, last),
    ...judgePieces('the stanza', found.stanza ?? '', expected.stanza),
    ...(lost === undefined ? [] : [lost]),
    ...(isJudged ? judgePushed(scene, expected, found, { pushes, previous }) : []),
    ...consequences,
  ];
  return {
    ...describePublish(scene, found, pushes, view),
    answeredAfterMs,
    problems: [...new Set(problems)],
  };
}

/** Where no push may come, a moment is waited for one. */
async function awaitPushes({ mailbox }: Scene, expected: Expectation, { answer }: Published): Promise<void> {
  const wanted = expected.bare === 'required' && answer?.kind === 'result' ? 1 : expected.pushes.length;
  if (wanted > 0) await mailbox.whenArrived(wanted, arriveWithinMs);
  else if (expected.never !== undefined || expected.bare) await mailbox.whenArrived(1, neverWithinMs);
}

function judgePushed(
  scene: Scene,
  expected: Expectation,
  found: Published,
  { pushes, previous }: { readonly pushes: readonly ReceivedPush[]; readonly previous: ReceivedPush | undefined },
): string[] {
  if (expected.never !== undefined) return pushes.length > 0 ? [expected.never] : [];
  if (expected.bare) return judgeBare(expected, found, pushes, pushes.map(scene.viewOf));
  return judgeAll(scene, pushes, expected.pushes, previous);
}

/** Waits for a push that comes by itself, and judges it. */
export async function concludeWait(
  scene: Scene,
  expected: PushExpectation,
  shows: Showing | undefined,
): Promise<Passage> {
  const { mailbox, stage } = scene;
  const startedAtMs = stage.clock.now();
  await mailbox.whenArrived(1, waitWithinMs);
  const previous = mailbox.latest;
  const [push] = mailbox.take(1);
  const what = 'a push comes by itself';
  if (!push) return { what, pushes: [], problems: [`nothing came within ${waitWithinMs / 1000} s`] };
  const view = scene.viewOf(push);
  const problems = [
    ...judgeCrash(shows, view),
    ...judgeAll(scene, [push], [expected], previous),
    ...(shows ? judgeShowing(view.shown, shows) : []),
  ];
  return { ...describePublish(scene, { what, startedAtMs }, [push], view), problems };
}

/** A publish as reports show it, problems left out. */
export function describePublish(
  scene: Scene,
  found: Pick<Published, 'what' | 'startedAtMs' | 'json' | 'stanza' | 'answer'>,
  pushes: readonly ReceivedPush[],
  view: DeviceView | undefined,
): Omit<Passage, 'problems'> {
  return {
    what: found.what,
    ...(found.json !== undefined && { json: found.json }),
    ...(found.stanza !== undefined && { stanza: found.stanza }),
    ...(found.answer && { answer: answerWord(found.answer) }),
    pushes: pushes.map((push) => scene.seen(push, found.startedAtMs)),
    ...(view?.opened !== undefined && { opened: view.opened }),
    ...(view && { shown: view.shown }),
  };
}

const kinds = {
  alert: 'an alert',
  'call-alert': 'an alert',
  visible: 'an alert',
  background: 'a background push',
  voip: 'a PushKit push',
} as const;

/** What came in place of what, at APNs: the rest follows from it. */
function judgeKind(wanted: PushExpectation['kind'] | undefined, last: ReceivedPush | undefined): string[] {
  if (wanted === undefined || wanted === 'carried' || last?.provider !== 'apns') return [];
  const type = last.headers['apns-push-type'];
  const [due, came] = [
    kinds[wanted],
    type === 'alert' || type === 'background' || type === 'voip' ? kinds[type] : type,
  ];
  return due === came || came === undefined ? [] : [`${came} comes in place of ${due}`];
}

/** Without a type APNs takes a push for an alert, whatever it is. */
function judgeType(pushes: readonly ReceivedPush[]): string[] {
  const isUntyped = pushes.some(
    ({ provider, headers }) => provider === 'apns' && headers['apns-push-type'] === undefined,
  );
  return isUntyped ? ['apns-push-type is missing'] : [];
}

/** What a provider refused by its own rules explains everything else. */
function judgeRefusals(expected: Expectation, pushes: readonly ReceivedPush[]): string[] {
  return pushes.flatMap((push, index) => {
    if (push.reason === undefined || expected.bare || (expected.pushes[index]?.status ?? 200) !== 200) return [];
    return [describeRefusal(push)];
  });
}

/** The app itself posts what comes with `content-available`, beside what iOS shows. */
function judgeTwice(pushes: readonly ReceivedPush[]): string[] {
  const isTwice = pushes.some(({ body }) => {
    const { alert, 'content-available': wakes } = (body['aps'] ?? {}) as Readonly<Record<string, unknown>>;
    return alert !== undefined && wakes === 1;
  });
  return isTwice ? ['content-available stands beside an alert, which the phone then shows twice'] : [];
}

function judgeCrash(shows: Showing | undefined, view: DeviceView | undefined): string[] {
  if (view?.shown.kind !== 'crash' || shows?.kind === 'crash') return [];
  return [`${view.shown.program} crashes: ${view.shown.why}`];
}

const openAnswers: ReadonlySet<string> = new Set(['kept', 'kept by sealing servers', 'anything']);

function judgeAnswer(expected: Expectation, found: Published): string[] {
  if (openAnswers.has(expected.answer)) return judgeOpenAnswer(expected, found);
  const word = found.answer ? answerWord(found.answer) : 'no publish';
  if (found.misdirected !== undefined) return [found.misdirected];
  const problems = word === expected.answer ? [] : [`the answer is ${word}, not ${expected.answer}`];
  if (found.answer?.kind === 'error' && !found.answer.conditionFirst) {
    problems.push('in the answer the text precedes the condition');
  }
  if (found.kept !== undefined && found.kept !== (expected.kept ?? true)) {
    problems.push(found.kept ? 'the server keeps the device' : 'the server drops the device');
  }
  return problems;
}

/** What became of the sealed content on its way to the last push, where that must carry it. */
function judgeArrival(
  scene: Scene,
  expected: Expectation,
  found: Published,
  last: ReceivedPush | undefined,
): string | undefined {
  const mustCarry = expected.pushes.at(-1)?.keys?.includes('encrypted') ?? false;
  if (!found.sealed || !last || !(mustCarry || 'encrypted' in keysOf(last))) return undefined;
  return judgeContent(found.sealed, keysOf(last), last.body) ?? judgeAccount(scene.account.jid, keysOf(last));
}

function judgeView(
  expected: Expectation,
  found: Published,
  last: ReceivedPush | undefined,
  view: DeviceView | undefined,
): string[] {
  const problems = expected.shows ? judgeShowing(view?.shown, expected.shows) : [];
  const arrivedSealed = last !== undefined && last.status === 200 && 'encrypted' in keysOf(last);
  if (expected.unopened && view?.opened !== undefined) problems.push('the phone opens what it should not');
  // An alert that the app may not open is as good where either will do.
  const mayStayClosed = expected.unopened || (expected.pushes.at(-1)?.kind === 'visible' && view?.opened === undefined);
  if (found.json !== undefined && arrivedSealed && !mayStayClosed && view?.opened !== found.json) {
    problems.push(`the phone reads ${say(view?.opened ?? 'nothing')}, not what was sealed: ${say(found.json)}`);
  }
  if (expected.opened && view?.opened === undefined) problems.push('the phone cannot read it');
  else if (expected.opened && view?.opened !== undefined) problems.push(...judgeFields(view.opened, expected.opened));
  return problems;
}

function judgeAll(
  scene: Scene,
  pushes: readonly ReceivedPush[],
  expected: readonly PushExpectation[],
  previous: ReceivedPush | undefined,
): string[] {
  const filled = expected.map((each) => ({ ...each, values: fillValues(scene, each.values) }));
  const strict = scene.scenario.scope === 'sealpost';
  const { topic } = scene.stage.providers;
  return judgePushes(pushes, filled, { strict, topic, placeOf: scene.mailbox.placeOf, previous });
}

function fillValues(scene: Scene, values: PushExpectation['values'] = {}): Readonly<Record<string, unknown>> {
  const entries = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'string' ? scene.fill(value) : value,
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}
