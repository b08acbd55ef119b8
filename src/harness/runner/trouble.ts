/**
 * Plays what a provider may answer beside 200, and judges the component by what the servers of its users would do: no
 * device that is alive is lost, nothing that was answered with `result` stays away, and dead devices are reported.
 */
import type { Step } from '../scenarios/scenario.ts';
import { whyHarmful, whyNotForgotten } from '../server/consequences.ts';
import { answerWord } from '../server/stanza.ts';
import type { ReceivedPush } from '../stand-ins/contract.ts';
import { describePublish } from './conclusion.ts';
import { judgeContent } from './content.ts';
import { keysOf } from './judge.ts';
import { type Published, publishEvent } from './publishing.ts';
import type { Passage } from './result.ts';
import type { Scene } from './scene.ts';
import type { Turns } from './turns.ts';
import { message } from '../scenarios/fixtures.ts';

type Trouble = Extract<Step, { do: 'trouble' }>;

/** How long a component has to deliver what it answered with `result`, unless the run says otherwise. */
export const defaultPatienceMs = 30_000;
/** How often a server publishes to a dead device before it must have been told. */
const publishesToDead = 3;
/** Between them: a component that answers before it sends has learnt by then what became of its push. */
const learningMs = 1_000;
/** Between publishes that are answered with an error. */
const againAfterMs = 1_000;

/** Ends at the first problem. */
export async function playTrouble(scene: Scene, step: Trouble, turns: Turns): Promise<Passage[]> {
  const context: Context = { scene, step, turns, patienceMs: scene.stage.patienceMs ?? defaultPatienceMs };
  switch (step.rule) {
    case 'alive':
    case 'refused':
    case 'refused or dead':
      return playAlive(context);
    case 'dead':
    case 'dead or alive':
      return [await playDead(context)];
    case 'second token dead':
      return playSecondDead(context);
  }
}

interface Context {
  readonly scene: Scene;
  readonly step: Trouble;
  readonly turns: Turns;
  readonly patienceMs: number;
}

async function playAlive(context: Context): Promise<Passage[]> {
  const { scene, step } = context;
  const found = await publishInTurn(context, step.event, true);
  if (!found.answer) return [passage(scene, found, [], ['the server does not publish'])];
  const isReported = step.rule === 'refused or dead' && whyNotForgotten(found.answer) === undefined;
  if (isReported) return [passage(scene, found, scene.mailbox.take(), [])];
  const harm = whyHarmful(found.answer);
  if (harm !== undefined) return [passage(scene, found, scene.mailbox.take(), [harm])];
  const isWhole = (push: ReceivedPush) => judgePromise(found, push, step.rule !== 'alive') === undefined;
  const { pushes, accepted } =
    found.answer.kind === 'result'
      ? await awaitAccepted(context, isWhole)
      : { pushes: scene.mailbox.take(), accepted: undefined };
  const nothing = `the answer is result, but nothing arrives within ${context.patienceMs / 1000} s`;
  const problems = found.answer.kind === 'result' && !accepted ? [describeChange(found, pushes) ?? nothing] : [];
  const played = passage(scene, found, pushes, problems);
  return problems.length > 0 ? [played] : [played, await recover(context, found)];
}

/** Why an accepted push does not keep the promise of a `result`. */
function judgePromise(found: Published, push: ReceivedPush, mayBeBare: boolean): string | undefined {
  const keys = keysOf(push);
  if (!found.sealed || (mayBeBare && keys['encrypted'] === undefined)) return undefined;
  return judgeContent(found.sealed, keys, push.body);
}

/**
 * What is wrong with the push that was accepted in place of the wanted one: it, and not that nothing arrives, is the cause.
 */
function describeChange(found: Published, pushes: readonly ReceivedPush[]): string | undefined {
  const other = pushes.findLast(({ status }) => status === 200);
  return other && judgePromise(found, other, false);
}

/**
 * After the trouble, with a provider that accepts everything, a message must arrive.
 * @param earlier what was published last: it may still be on its way
 */
async function recover(context: Context, earlier: Published | undefined): Promise<Passage> {
  const { scene, patienceMs } = context;
  const { clock } = scene.stage;
  const endsAtMs = clock.monotonic() + patienceMs;
  scene.script(context.step.token ?? 'first', undefined);
  for (;;) {
    const found = await publishInTurn(context, message, false);
    const told = { ...found, what: 'afterwards the server publishes: message' };
    const word = found.answer ? answerWord(found.answer) : 'no publish';
    const harm = found.answer && whyHarmful(found.answer);
    if (!found.answer || harm !== undefined) {
      return passage(scene, told, scene.mailbox.take(), [`afterwards the device is lost: the answer is ${word}`]);
    }
    if (found.answer.kind === 'result') {
      const isThis = (push: ReceivedPush) => judgePromise(found, push, false) === undefined;
      const { pushes, accepted } = await awaitAccepted(context, isThis);
      const lost = `afterwards a message is answered with result, and does not arrive within ${patienceMs / 1000} s`;
      const others = pushes.filter((push) => !earlier || judgePromise(earlier, push, true) !== undefined);
      return passage(scene, told, pushes, accepted ? [] : [describeChange(found, others) ?? lost]);
    }
    if (clock.monotonic() >= endsAtMs) {
      const still = `${patienceMs / 1000} s afterwards the answer is still ${word}`;
      return passage(scene, told, scene.mailbox.take(), [still]);
    }
    await sleep(context, againAfterMs);
  }
}

async function playDead(context: Context): Promise<Passage> {
  const { scene, step } = context;
  let found = await publishInTurn(context, step.event, true);
  let last = found;
  for (let count = 1; ; count += 1) {
    const { answer } = found;
    if (answer && whyNotForgotten(answer) === undefined) return passage(scene, found, scene.mailbox.take(), []);
    if (answer?.kind === 'error' && step.rule === 'dead or alive') {
      return passage(scene, found, scene.mailbox.take(), []);
    }
    // The server has dropped the device at an answer that others would keep it at.
    if (!answer || count === publishesToDead) break;
    last = found;
    await sleep(context, learningMs);
    found = await publishInTurn(context, step.event, false);
  }
  const told = found.answer ? found : last;
  const problem = (told.answer && whyNotForgotten(told.answer)) ?? 'the server does not publish';
  return passage(scene, told, scene.mailbox.take(), [problem]);
}

/** The first call finds the token dead, the second one must not try it any more. */
async function playSecondDead(context: Context): Promise<Passage[]> {
  const { scene, step } = context;
  const passages: Passage[] = [];
  let last: Published | undefined;
  for (const isFirst of [true, false]) {
    const found = await publishInTurn(context, step.event, isFirst);
    last = found;
    const harm = found.answer ? whyHarmful(found.answer) : 'the device is lost with its PushKit token';
    const toFirst = (push: ReceivedPush) => scene.mailbox.placeOf(push) === 'first';
    const { pushes, accepted } =
      harm === undefined && found.answer?.kind === 'result'
        ? await awaitAccepted(context, toFirst)
        : { pushes: scene.mailbox.take(), accepted: undefined };
    const isTriedAgain = !isFirst && pushes.some((push) => scene.mailbox.placeOf(push) === 'second');
    const isLost = found.answer?.kind === 'result' && !accepted;
    const problems = [
      ...(harm === undefined ? [] : [harm]),
      ...(isTriedAgain ? ['PushKit is tried again with a token that it has called dead'] : []),
      ...(harm === undefined && isLost ? ['the call is answered with result, and the phone shows nothing'] : []),
    ];
    passages.push(passage(scene, found, pushes, problems));
    if (problems.length > 0) return passages;
    await sleep(context, learningMs);
  }
  return [...passages, await recover(context, last)];
}

/** One at a time for each app: what ends a connection would hit the pushes of others. */
function publishInTurn(context: Context, event: Trouble['event'], isScripted: boolean): Promise<Published> {
  const { scene, step, turns } = context;
  return turns.take(scene.stage.hasApps ? scene.appId : 'the only app', () => {
    if (isScripted) scene.script(step.token ?? 'first', step.script);
    return publishEvent(scene, event);
  });
}

/** Waits for a push that the provider accepted and that is the wanted one. */
async function awaitAccepted({ scene, patienceMs }: Context, isWanted: (push: ReceivedPush) => boolean) {
  const { clock } = scene.stage;
  const endsAtMs = clock.monotonic() + patienceMs;
  const pushes: ReceivedPush[] = [];
  for (;;) {
    const left = endsAtMs - clock.monotonic();
    await scene.mailbox.whenArrived(1, Math.max(0, left));
    const [push] = scene.mailbox.take(1);
    if (!push) return { pushes, accepted: undefined };
    pushes.push(push);
    if (push.status === 200 && isWanted(push)) return { pushes, accepted: push };
  }
}

function sleep({ scene }: Context, ms: number): Promise<void> {
  return new Promise((resolve) => void scene.stage.clock.after(ms, resolve));
}

function passage(
  scene: Scene,
  found: Published,
  pushes: readonly ReceivedPush[],
  problems: readonly string[],
): Passage {
  const last = pushes.at(-1);
  return { ...describePublish(scene, found, pushes, last && scene.viewOf(last)), problems };
}
