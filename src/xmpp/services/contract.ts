import type { Answer } from '../../core/answers.ts';
import type { Notification } from '../../core/notification.ts';
import type { Registration } from '../../core/registration.ts';
import type { RegistrationMatch, RegistrationRequest } from '../../store/registry/contract.ts';

export type { Answer } from '../../core/answers.ts';

/** What the XMPP side needs of the rest of Sealpost; `server.ts` provides it. */
export interface XmppHandlers {
  /** Never rejects; resolves within 20 s of the call. */
  deliver(notification: Notification): Promise<Answer>;
  register(request: RegistrationRequest): Promise<Registration>;
  unregister(match: RegistrationMatch): Promise<number>;
  /** Takes one command of an account into account; false: it has had its share for now. Absent: no limit. */
  mayCommand?(account: string): boolean;
  /** `max-payload-size` of the registration answer, bytes of base64. */
  largestCiphertext(app: string, account: string): number;
}
