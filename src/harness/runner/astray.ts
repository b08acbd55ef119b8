/** Where a push went that did not come. */
import type { ReceivedPush } from '../stand-ins/contract.ts';
import { keysOf } from './judge.ts';
import type { Scene } from './scene.ts';

/** What is wrong with the token of a push for the account that went to none of its phone's; `undefined`: there is none. */
export function findAstray(scene: Scene, sinceMs: number): string | undefined {
  const { stage, provider, mailbox, account } = scene;
  const isAstray = (push: ReceivedPush) =>
    push.atMs >= sinceMs && keysOf(push)['account'] === account.jid && !mailbox.isWatched(push.token);
  const push = stage.providers[provider].received.findLast(isAstray);
  return push && describeToken(push.token, scene.phone.token);
}

function describeToken(actual: string, wanted: string): string {
  if (actual.toLowerCase() === wanted.toLowerCase()) return 'the push goes to the token in other letters';
  if (wanted.startsWith(actual))
    return `the push goes to a token cut to ${actual.length} of ${wanted.length} characters`;
  return 'the push goes to a token that the phone does not have';
}
