/** Judges publishes whose answer and push nobody prescribes: what counts is that no device is lost and no phone harmed. */
import type { DeviceView } from '../clients/device.ts';
import type { Expectation } from '../scenarios/scenario.ts';
import { whyHarmful } from '../server/consequences.ts';
import type { ReceivedPush } from '../stand-ins/contract.ts';
import { judgeContent } from './content.ts';
import { keysOf } from './judge.ts';
import type { Published } from './publishing.ts';

/** Answers that a scenario leaves open. */
export function judgeOpenAnswer(expected: Expectation, { answer, misdirected }: Published): string[] {
  if (misdirected !== undefined) return [misdirected];
  if (!answer) return ['the server does not publish'];
  const harm =
    expected.answer === 'kept'
      ? whyHarmful(answer)
      : expected.answer === 'kept by sealing servers'
        ? whyHarmful(answer, 'every server that seals')
        : undefined;
  return harm === undefined ? [] : [harm];
}

/** A notification in whose place a push without content may, or must, come. */
export function judgeBare(
  { bare }: Pick<Expectation, 'bare'>,
  found: Published,
  pushes: readonly ReceivedPush[],
  views: readonly DeviceView[],
): string[] {
  const accepted = pushes.filter(({ status }) => status === 200);
  const carrying = accepted.find((push) => keysOf(push)['encrypted'] !== undefined);
  // What is malformed may be handed on as it is, unless a phone crashes at it.
  if (bare === 'allowed') return [];
  const changed = carrying && found.sealed && judgeContent(found.sealed, keysOf(carrying), carrying.body);
  if (changed !== undefined) return [changed];
  if (found.answer?.kind !== 'result') return [];
  if (accepted.length === 0) return ['the answer is result, but nothing arrives'];
  const isSeen = views.some(({ shown }) => ['notification', 'ringing', 'synchronized'].includes(shown.kind));
  return isSeen ? [] : ['what arrives in its place shows nothing to the user'];
}
