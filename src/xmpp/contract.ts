import type { Notification } from '../push.ts';
import type { Registration } from '../push.ts';
import type { RegistrationMatch, RegistrationRequest } from '../registry/contract.ts';

/**
 * The whole of what an XMPP server may be told about a publish (design, "Outcomes and answers"); `xmpp/errors` turns it
 * into stanzas.
 */
export type Answer = 'result' | 'item-not-found' | 'internal-server-error' | 'bad-request' | 'forbidden';

/** What the XMPP side needs of the rest of Sealpost; `server.ts` provides it. */
export interface XmppHandlers {
  /** Never rejects; resolves within 20 s of the call. */
  deliver(notification: Notification): Promise<Answer>;
  register(request: RegistrationRequest): Promise<Registration>;
  unregister(match: RegistrationMatch): Promise<number>;
  /** `max-payload-size` of the registration answer, bytes of base64. */
  largestCiphertext(app: string, account: string): number;
}
