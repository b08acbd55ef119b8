/** XMPP ping (XEP-0199), the answering side; our own pings are sent by `session.ts`. */
import type { IqReply } from './iq.ts';

export function answerPing(): IqReply {
  return { kind: 'result' };
}
