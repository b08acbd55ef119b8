import type { Answer } from '../../core/answers.ts';
import type { Notification } from '../../core/notification.ts';
import type { CommandContext } from '../../conventions/convention.ts';

/** What the XMPP side needs from the rest of Sealpost; `server.ts` provides it. */
export interface XmppHandlers extends Readonly<CommandContext['handlers']> {
  /**
   * Never rejects; resolves within 20 s of the call.
   * @param component our domain that it was published to
   */
  deliver(notification: Notification, component: string): Promise<Answer>;
  /** Counts one command of an account; false: the account is over its rate limit. Absent: no limit. */
  mayCommand?(account: string): boolean;
}
