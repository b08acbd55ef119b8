/** Answers XMPP pings (XEP-0199). `session.ts` sends our own pings. */
import type { IqReply } from './iq.ts';

export function answerPing(): IqReply {
  return { kind: 'result' };
}
